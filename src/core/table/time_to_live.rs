//! A table's time to live, and what is to be done about it: pure.

/// A table's time to live.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TimeToLive {
    /// DynamoDB's name for its status: `ENABLED`, `ENABLING`, `DISABLED` or `DISABLING`.
    pub status: String,
    /// The attribute that it is on.
    pub attribute: Option<String>,
}

/// What a store that wants its table to have time to live, or not, has to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TimeToLivePlan {
    /// The attribute to write the end of a session to.
    pub attribute: String,
    /// Whether to turn it on or off; `None` to leave it.
    pub change: Option<bool>,
}

impl TimeToLive {
    /// The plan of a store that writes `attribute` and wants time to live as `wanted` says.
    ///
    /// Time to live on another attribute is somebody's choice: it stays, and a store that wants
    /// time to live writes that attribute.
    pub fn plan(&self, attribute: &str, wanted: bool) -> TimeToLivePlan {
        let on = matches!(self.status.as_str(), "ENABLED" | "ENABLING");
        match &self.attribute {
            Some(other) if on && other != attribute => TimeToLivePlan {
                attribute: if wanted { other } else { attribute }.to_owned(),
                change: None,
            },
            _ => TimeToLivePlan {
                attribute: attribute.to_owned(),
                change: (on != wanted).then_some(wanted),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_to_live_follows_what_is_wanted_but_not_on_another_attribute() {
        let plan = |status: &str, attribute: Option<&str>, wanted| {
            let attribute = attribute.map(str::to_owned);
            let status = status.to_owned();
            let plan = TimeToLive { status, attribute }.plan("expires", wanted);
            (plan.attribute, plan.change)
        };
        let ours = |change| ("expires".to_owned(), change);
        assert_eq!(plan("DISABLED", None, true), ours(Some(true)));
        assert_eq!(plan("DISABLED", None, false), ours(None));
        assert_eq!(plan("DISABLED", Some("other"), true), ours(Some(true)));
        assert_eq!(plan("ENABLED", Some("expires"), true), ours(None));
        assert_eq!(plan("ENABLING", Some("expires"), true), ours(None));
        assert_eq!(plan("DISABLING", Some("expires"), true), ours(Some(true)));
        assert_eq!(plan("ENABLED", Some("expires"), false), ours(Some(false)));
        assert_eq!(
            plan("ENABLED", Some("other"), true),
            ("other".to_owned(), None)
        );
        assert_eq!(plan("ENABLED", Some("other"), false), ours(None));
    }
}
