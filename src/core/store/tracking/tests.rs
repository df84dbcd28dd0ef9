use super::*;
use crate::core::expiry::Expires;
use crate::core::layout::{Condition, ConnectLayout, KoaLayout, Record};

const NOW: UnixMillis = UnixMillis(1_795_218_096_565.0);
const HOUR: f64 = 3_600_000.0;

fn index(name: &str, attribute: &str) -> Index {
    Index {
        name: name.to_owned(),
        attribute: attribute.to_owned(),
    }
}

fn tracking() -> Tracking {
    Tracking::new(Some(HOUR), vec![index("user-index", "user")], None)
}

fn layout() -> ConnectLayout {
    let special = [("shop".to_owned(), "S".to_owned())];
    ConnectLayout::new("id", "sess:", &special, true).unwrap()
}

fn item() -> Item {
    let record = Record {
        sid: "sid".to_owned(),
        data: "{}".to_owned(),
        expires: Some(Expires::at(UnixMillis(NOW.0 + 10.0 * HOUR))),
        special: vec![],
    };
    layout().to_item(record).unwrap()
}

fn tracks(value: Option<&str>, label: Option<&str>) -> Tracks {
    Tracks {
        created: NOW,
        seen: UnixMillis(NOW.0 + 1.0),
        indexed: vec![Indexed {
            value: value.map(str::to_owned),
            label: label.map(str::to_owned),
            is_new: true,
            is_login: true,
        }],
    }
}

/// The assignments of a change, with the attributes and values in their places.
fn spelt(change: &Condition) -> String {
    let mut spelt = change.expression.clone();
    let mut names: Vec<_> = change.names.iter().collect();
    // Of `#a1` and `#a10`, the longer one first.
    names.sort_by_key(|(name, _)| std::cmp::Reverse(name.len()));
    for (name, attribute) in names {
        spelt = spelt.replace(name, attribute);
    }
    let mut values: Vec<_> = change.values.iter().collect();
    values.sort_by_key(|(name, _)| std::cmp::Reverse(name.len()));
    for (name, value) in values {
        let text = value.as_s().or(value.as_n()).unwrap();
        spelt = spelt.replace(name, text);
    }
    spelt
}

#[test]
fn the_earlier_of_two_ends_counts() {
    let tracking = tracking();
    let (early, late) = (UnixMillis(NOW.0 + 1.0), UnixMillis(NOW.0 + 2.0 * HOUR));
    let absolute = UnixMillis(NOW.0 + HOUR);
    assert_eq!(tracking.end(Some(early), Some(NOW)), Some(early));
    assert_eq!(tracking.end(Some(late), Some(NOW)), Some(absolute));
    assert_eq!(tracking.end(None, Some(NOW)), Some(absolute));
    assert_eq!(tracking.end(Some(late), None), Some(late));
    let without = Tracking::new(None, vec![], None);
    assert_eq!(without.end(Some(late), Some(NOW)), Some(late));
    assert_eq!(without.end(None, Some(NOW)), None);
}

#[test]
fn marks_of_another_type_count_as_none() {
    let (mut item, tracking) = (item(), tracking());
    for (attribute, value) in [
        ("_c", AttributeValue::S("1".to_owned())),
        ("_t", AttributeValue::N("1e999".to_owned())),
        ("user", AttributeValue::N("7".to_owned())),
    ] {
        item.insert(attribute.to_owned(), value);
    }
    let tracked = tracking.of(&item);
    assert!(tracked.created.is_none() && tracked.seen.is_none());
    assert_eq!(tracked.values, [None]);
}

#[test]
fn the_item_of_a_new_session_has_all_marks() {
    let (mut item, tracking) = (item(), tracking());
    tracking.add(&tracks(Some("ann"), Some("phone")), &mut item);
    assert_eq!(item["_c"], number(NOW));
    assert_eq!(item["_t"], number(UnixMillis(NOW.0 + 1.0)));
    assert_eq!(item["user"], text("ann"));
    assert_eq!(item["user_since"], number(UnixMillis(NOW.0 + 1.0)));
    assert_eq!(item["user_label"], text("phone"));
    assert_eq!(tracking.of(&item).values, [Some("ann".to_owned())]);
}

#[test]
fn a_change_names_only_what_it_changes() {
    let (tracking, layout) = (tracking(), layout());
    let change = |tracks: &Tracks, stored: Option<&Item>| {
        let marks = (tracks, &*tracks.indexed);
        spelt(&tracking.change(&layout, item(), marks, stored))
    };
    let login = change(&tracks(Some("ann"), None), None);
    for part in [
        "sess = {}",
        "_c = if_not_exists(_c, 1795218096565)",
        "_t = 1795218096566",
        "user = ann",
        "user_since = 1795218096566",
    ] {
        assert!(login.contains(part), "{part} in {login}");
    }
    // What the session has no more, and the label of the former user.
    assert!(login.ends_with(" REMOVE _e, shop, user_label"), "{login}");
    assert!(!login.contains("id = "), "{login}");
    let logout = change(&tracks(None, None), None);
    assert!(
        logout.ends_with(" REMOVE _e, shop, user, user_since, user_label"),
        "{logout}"
    );
    // Who is logged in already keeps the time and the label of the login.
    let stored = Item::from([("user".to_owned(), text("ann"))]);
    let same = change(&tracks(Some("ann"), Some("phone")), Some(&stored));
    assert!(same.contains("user_since = if_not_exists(user_since, 1795218096566)"));
    assert!(!same.contains("user_label"), "{same}");
    let other = change(&tracks(Some("bob"), Some("phone")), Some(&stored));
    assert!(other.contains("user_label = phone"), "{other}");
}

#[test]
fn marks_need_attributes_of_their_own() {
    let koa = KoaLayout::new("sessionId", "ends").unwrap();
    let refused = |attributes: &[&str]| {
        let indexes = attributes
            .iter()
            .map(|name| index(&format!("{name}-index"), name));
        let names: Vec<_> = attributes.iter().map(|&name| name.to_owned()).collect();
        let tracking = Tracking::new(None, indexes.collect(), None);
        tracking.check(&koa, &names).map_err(|error| error.option)
    };
    assert_eq!(refused(&["user", "provider"]), Ok(()));
    for taken in ["sessionId", "session", "ends", "_v", "_e", "_c", "_t"] {
        let option = format!("indexes.{taken}.attribute");
        assert_eq!(refused(&[taken]), Err(option), "{taken}");
    }
    let of_another = Err("indexes.user.attribute".to_owned());
    assert_eq!(refused(&["user_since", "user"]), of_another);
}
