//! A table's time to live, and the plan to change it, without I/O.

/// A table's time to live.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TimeToLive {
    /// DynamoDB's name for its status: `ENABLED`, `ENABLING`, `DISABLED` or `DISABLING`.
    pub status: String,
    /// The attribute that time to live reads.
    pub attribute: Option<String>,
}

/// The steps from a table's present time to live to the one that a store wants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TimeToLivePlan {
    /// The attribute to which the store has to write the end of a session.
    pub attribute: String,
    /// `true`: turn time to live on; `false`: turn it off; `None`: leave it.
    pub change: Option<bool>,
}

impl TimeToLive {
    /// The plan of a store that writes the end to `attribute`, and wants time to live on or off, as
    /// `wanted` says.
    ///
    /// If time to live is on for another attribute, the user has chosen it. So it is left on, and a
    /// store that wants time to live writes the end to that attribute.
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
