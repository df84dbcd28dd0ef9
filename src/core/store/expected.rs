//! Conditions of writes: the session that has to be in the table.

use aws_sdk_dynamodb::operation::put_item::builders::PutItemInputBuilder;
use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemInputBuilder;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnValuesOnConditionCheckFailure};

use super::tracking::Tracking;
use crate::core::layout::{Condition, ExpiringLayout, Item, Layout, Marks};

/// A condition of a write, see the [module](self).
pub enum Expected {
    /// Any version of the session with this birth; without a birth, any session.
    Birth(Option<String>),
    /// A session with this version.
    Version(String),
    /// A session with these data and without a version.
    Data(AttributeValue),
    /// Any session without a version.
    Unversioned,
    /// A session for which this condition holds.
    Holds(Condition),
}

impl Expected {
    /// A request that writes `item`. If the condition does not hold, the error has the stored item, unless the
    /// condition is a birth.
    pub fn put<L: ExpiringLayout + ?Sized>(&self, item: Item, layout: &L) -> PutItemInputBuilder {
        let (expression, names, values) = self.condition(layout).into_parts();
        PutItemInputBuilder::default()
            .set_item(Some(item))
            .condition_expression(expression)
            .set_expression_attribute_names(Some(names))
            .set_expression_attribute_values(values)
            .set_return_values_on_condition_check_failure(self.found())
    }

    /// A request that makes `change`. If the condition does not hold, the error has the stored item, unless the
    /// condition is a birth.
    pub fn update<L: ExpiringLayout + ?Sized>(
        &self,
        change: Condition,
        layout: &L,
    ) -> UpdateItemInputBuilder {
        let condition = self.condition(layout);
        let names = change.names.into_iter().chain(condition.names).collect();
        let values = change.values.into_iter().chain(condition.values).collect();
        UpdateItemInputBuilder::default()
            .update_expression(change.expression)
            .condition_expression(condition.expression)
            .set_expression_attribute_names(Some(names))
            .set_expression_attribute_values(Some(values))
            .set_return_values_on_condition_check_failure(self.found())
    }

    /// Asks for the stored item in the error, unless the condition is a birth: the store ignores the
    /// item then.
    fn found(&self) -> Option<ReturnValuesOnConditionCheckFailure> {
        let is_looked_at = !matches!(self, Self::Birth(_));
        is_looked_at.then_some(ReturnValuesOnConditionCheckFailure::AllOld)
    }

    fn condition<L: ExpiringLayout + ?Sized>(&self, layout: &L) -> Condition {
        let text = |text: &str| AttributeValue::S(text.to_owned());
        let version = ("#version", Marks::VERSION);
        let data = ("#data", layout.data_attribute());
        match self {
            Self::Birth(None) => condition("attribute_exists(#data)", [data], []),
            Self::Birth(Some(birth)) => condition(
                "attribute_exists(#data) AND (NOT attribute_type(#version, :text) \
                    OR NOT contains(#version, :dot) OR begins_with(#version, :birth))",
                [data, version],
                [
                    (":text", text("S")),
                    (":dot", text(".")),
                    (":birth", text(&format!("{birth}."))),
                ],
            ),
            Self::Version(expected) => condition(
                "#version = :version",
                [version],
                [(":version", text(expected))],
            ),
            // If the version is not a text, another writer has set the attribute, so the item counts as
            // unversioned.
            Self::Data(expected) => condition(
                "NOT attribute_type(#version, :text) AND #data = :data",
                [data, version],
                [(":text", text("S")), (":data", expected.clone())],
            ),
            Self::Holds(condition) => condition.clone(),
            Self::Unversioned => condition(
                "attribute_exists(#data) AND NOT attribute_type(#version, :text)",
                [data, version],
                [(":text", text("S"))],
            ),
        }
    }
}

/// A condition that holds while an item has the same attributes. The content of the session is not compared if
/// the session has a version, or if it has U+FFFD, which may be half a surrogate pair in DynamoDB.
pub fn unchanged<L: Layout + ?Sized>(layout: &L, item: &Item) -> Condition {
    let content = layout.coded_attribute();
    let is_skipped =
        layout.marks(item).version.is_some() || item.get(content).is_some_and(has_replacement);
    let mut condition = Condition {
        expression: match item.contains_key(content) {
            true => "attribute_exists(#session)".to_owned(),
            false => "attribute_not_exists(#session)".to_owned(),
        },
        names: [("#session".to_owned(), content.to_owned())].into(),
        ..Condition::default()
    };
    // Other processes may add these.
    let marks = [
        Marks::VERSION,
        Marks::END,
        Tracking::CREATED,
        Tracking::SEEN,
    ];
    for (at, mark) in marks.into_iter().enumerate() {
        if !item.contains_key(mark) {
            condition.expression += &format!(" AND attribute_not_exists(#m{at})");
            condition.names.insert(format!("#m{at}"), mark.to_owned());
        }
    }
    let compared = { item.iter() }.filter(|(name, _)| !(is_skipped && *name == content));
    for (at, (name, value)) in compared.enumerate() {
        condition.expression += &format!(" AND #a{at} = :a{at}");
        condition.names.insert(format!("#a{at}"), name.clone());
        condition.values.insert(format!(":a{at}"), value.clone());
    }
    condition
}

fn has_replacement(value: &AttributeValue) -> bool {
    match value {
        AttributeValue::S(text) => text.contains('\u{fffd}'),
        AttributeValue::L(values) => values.iter().any(has_replacement),
        AttributeValue::M(members) => { members.iter() }
            .any(|(name, value)| name.contains('\u{fffd}') || has_replacement(value)),
        _ => false,
    }
}

fn condition<const N: usize, const V: usize>(
    expression: &str,
    names: [(&str, &str); N],
    values: [(&str, AttributeValue); V],
) -> Condition {
    Condition {
        expression: expression.to_owned(),
        names: names
            .map(|(name, attribute)| (name.to_owned(), attribute.to_owned()))
            .into(),
        values: values.map(|(name, value)| (name.to_owned(), value)).into(),
    }
}
