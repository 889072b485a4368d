//! Names in the order people expect.

use std::cmp::Ordering;

/// Compares without regard to case, and numbers by their value: "Amp 2" comes before "Amp 10".
pub fn natural(a: &str, b: &str) -> Ordering {
    let (mut left, mut right) = (a, b);
    loop {
        match (left.chars().next(), right.chars().next()) {
            // Names that differ in case alone have an order as well.
            (None, None) => return a.cmp(b),
            (None, Some(_)) => return Ordering::Less,
            (Some(_), None) => return Ordering::Greater,
            (Some(l), Some(r)) if l.is_ascii_digit() && r.is_ascii_digit() => {
                let (one, other) = (number(&mut left), number(&mut right));
                // Of two numbers without leading zeros, the longer one is larger.
                let order = one.len().cmp(&other.len()).then_with(|| one.cmp(other));
                if order.is_ne() {
                    return order;
                }
            }
            (Some(l), Some(r)) => {
                let order = l.to_lowercase().cmp(r.to_lowercase());
                if order.is_ne() {
                    return order;
                }
                (left, right) = (&left[l.len_utf8()..], &right[r.len_utf8()..]);
            }
        }
    }
}

/// Takes the number that a text begins with, without leading zeros.
fn number<'a>(text: &mut &'a str) -> &'a str {
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (digits, rest) = text.split_at(end);
    *text = rest;
    digits.trim_start_matches('0')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_count_and_case_does_not() {
        let mut names = ["amp 10", "Amp 2", "amp 1b", "AMP 1a", "", "Zoo", "amp 007", "ämp", "amp"];
        names.sort_by(|a, b| natural(a, b));
        assert_eq!(names, ["", "amp", "AMP 1a", "amp 1b", "Amp 2", "amp 007", "amp 10", "Zoo", "ämp"]);
        assert_eq!(natural("a1", "a01"), "a1".cmp("a01"));
        let long = "9".repeat(400);
        assert!(natural(&long, &format!("{long}0")).is_lt());
    }
}
