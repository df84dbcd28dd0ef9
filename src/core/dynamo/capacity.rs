//! The capacity of a table: its uses, and the units that DynamoDB reports.

use aws_sdk_dynamodb::types::ConsumedCapacity;

/// Whether a request reads or writes.
#[derive(Debug, Clone, Copy)]
pub enum Use {
    /// It uses the capacity for reads.
    Reads,
    /// It uses the capacity for writes.
    Writes,
}

/// The report of an answer: one, or one for each table of a batch.
pub trait Report {
    /// The reports.
    fn reports(&self) -> &[ConsumedCapacity];
}

impl Report for ConsumedCapacity {
    fn reports(&self) -> &[ConsumedCapacity] {
        std::slice::from_ref(self)
    }
}

impl Report for Vec<ConsumedCapacity> {
    fn reports(&self) -> &[ConsumedCapacity] {
        self
    }
}

/// The capacity units of a request. `None` if DynamoDB has not reported them.
pub fn units(report: Option<&impl Report>) -> Option<f64> {
    let units = report?
        .reports()
        .iter()
        .filter_map(|one| one.capacity_units);
    // A client that is called may report anything.
    let units = units.filter(|units| units.is_finite() && *units >= 0.0);
    units.reduce(|sum, units| sum + units)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(units: f64) -> ConsumedCapacity {
        ConsumedCapacity::builder().capacity_units(units).build()
    }

    #[test]
    fn units_of_all_tables_are_added_and_odd_ones_left_out() {
        assert_eq!(units(None::<&ConsumedCapacity>), None);
        assert_eq!(units(Some(&ConsumedCapacity::builder().build())), None);
        assert_eq!(units(Some(&report(0.5))), Some(0.5));
        let odd = [0.5, f64::NAN, -1.0, 2.0].map(report);
        assert_eq!(units(Some(&odd.to_vec())), Some(2.5));
        assert_eq!(units(Some(&report(f64::INFINITY))), None);
    }
}
