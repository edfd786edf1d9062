//! The texts inside the JSON: ranges, variables and sequence points.

use std::ops::RangeInclusive;

use super::{SequencePoint, Variable};

/// Reads `12-40`.
pub(super) fn range(text: &str) -> Option<RangeInclusive<usize>> {
    let (start, end) = text.split_once('-')?;
    let range = start.parse().ok()?..=end.parse().ok()?;
    (!range.is_empty()).then_some(range)
}

/// Reads `name,type` or `name,type,slot`; without a number, the slot is the place in
/// the list.
pub(super) fn variable(text: &str, place: usize) -> Option<Variable> {
    let mut parts = text.split(',');
    let (name, type_name) = (parts.next()?.into(), parts.next()?.into());
    let slot = parts.next().map_or(Some(place), |slot| slot.parse().ok())?;
    parts.next().is_none().then_some(Variable { name, type_name, slot })
}

/// Reads `12[0]3:5-3:20`: the position, the document, and from where to where.
pub(super) fn sequence_point(text: &str) -> Option<SequencePoint> {
    let (position, rest) = text.split_once('[')?;
    let (document, rest) = rest.split_once(']')?;
    let (start, end) = rest.split_once('-')?;
    let place = |text: &str| {
        let (line, column) = text.split_once(':')?;
        Some((line.parse().ok()?, column.parse().ok()?))
    };
    Some(SequencePoint {
        position: position.parse().ok()?,
        document: document.parse().ok()?,
        start: place(start)?,
        end: place(end)?,
    })
}
