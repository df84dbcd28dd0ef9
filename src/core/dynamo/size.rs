//! The size of an item, as DynamoDB counts it.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;

use crate::core::error::{Error, LARGEST_ITEM, Result};

/// The bytes of a list or map in addition to its elements, and of an element in addition to its value.
const CONTAINER: usize = 3;
const ELEMENT: usize = 1;

/// The size of an item in bytes: the names of its attributes and their values.
///
/// # Errors
///
/// [`Error::TooLarge`] if DynamoDB would refuse the item.
pub fn checked(item: &HashMap<String, AttributeValue>) -> Result<usize> {
    let attributes = item.iter().map(|(name, value)| name.len() + of(value));
    let size = attributes.sum();
    if size > LARGEST_ITEM {
        return Err(Error::TooLarge { size });
    }
    Ok(size)
}

fn of(value: &AttributeValue) -> usize {
    match value {
        AttributeValue::S(text) => text.len(),
        AttributeValue::N(number) => of_number(number),
        AttributeValue::B(bytes) => bytes.as_ref().len(),
        AttributeValue::L(list) => {
            let elements = list.iter().map(|value| ELEMENT + of(value));
            CONTAINER + elements.sum::<usize>()
        }
        AttributeValue::M(map) => {
            let elements = map
                .iter()
                .map(|(name, value)| ELEMENT + name.len() + of(value));
            CONTAINER + elements.sum::<usize>()
        }
        AttributeValue::Ss(texts) => texts.iter().map(String::len).sum(),
        AttributeValue::Ns(numbers) => numbers.iter().map(|number| of_number(number)).sum(),
        AttributeValue::Bs(all) => all.iter().map(|bytes| bytes.as_ref().len()).sum(),
        // `Null` and `Bool`.
        _ => 1,
    }
}

/// The size of a number: one byte, one more for each pair of digits, and one for a minus sign. Zeros at either end
/// do not count, and pairs begin at the decimal point: 12.345 is `12` `34` `50`.
fn of_number(number: &str) -> usize {
    let (mantissa, exponent) = number.split_once(['e', 'E']).unwrap_or((number, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits: Vec<u8> = [whole, fraction]
        .concat()
        .bytes()
        .filter(u8::is_ascii_digit)
        .skip_while(|digit| *digit == b'0')
        .collect();
    let zeros = digits.iter().rev().take_while(|digit| **digit == b'0');
    let zeros = zeros.count();
    let digits = digits.len() - zeros;
    if digits == 0 {
        return 1;
    }
    // The power of ten of the last digit that counts. If it is odd, the last digit is the first of its pair.
    let last = exponent.parse::<i64>().unwrap_or_default() - fraction.len() as i64 + zeros as i64;
    let odd = usize::from(last.rem_euclid(2) == 1);
    1 + usize::from(mantissa.starts_with('-')) + (digits + odd).div_ceil(2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_counted_as_dynamodb_local_counts_them() {
        for (number, size) in [
            ("0", 1),
            ("0.00", 1),
            ("1", 2),
            ("-1", 3),
            ("12", 2),
            ("123", 3),
            ("1200", 2),
            ("12345", 4),
            ("0.5", 2),
            ("1.25", 3),
            ("12.345", 4),
            ("1700000000", 2),
            ("1700000000123", 8),
            ("1E+100", 2),
            ("-12345", 5),
            ("12345678901234567890123456789012345678", 20),
        ] {
            assert_eq!(of_number(number), size, "{number}");
        }
    }
}
