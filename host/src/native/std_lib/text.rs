//! Byte strings and text.

use neovm_types::FaultKind;

use super::{check_length, fault, graphemes};

/// Returns -1, 0 or 1, as the first byte string is before, equal to or behind the
/// second one.
///
/// # Errors
/// If one has more than [`super::MAX_INPUT_LENGTH`] bytes.
pub(crate) fn memory_compare(first: &[u8], second: &[u8]) -> Result<i32, FaultKind> {
    check_length(first)?;
    check_length(second)?;
    Ok(first.cmp(second) as i32)
}

/// Returns the index of the first occurrence of `value` in `memory` from `start` on,
/// or of the last one that ends before `start` if `backward`; -1 if there is none.
///
/// # Errors
/// If `start` is not between zero and the number of bytes, or that is more than
/// [`super::MAX_INPUT_LENGTH`].
pub(crate) fn memory_search(memory: &[u8], value: &[u8], start: i32, backward: bool) -> Result<i32, FaultKind> {
    check_length(memory)?;
    let Some((before, after)) = usize::try_from(start).ok().and_then(|start| memory.split_at_checked(start)) else {
        return fault(format!("The index {start} is not in a byte string of {} bytes", memory.len()));
    };
    let index = match (value, backward) {
        ([], _) => Some(before.len()),
        (_, true) => before.windows(value.len()).rposition(|window| window == value),
        (_, false) => after.windows(value.len()).position(|window| window == value).map(|index| before.len() + index),
    };
    Ok(index.map_or(-1, |index| index as i32))
}

/// Returns the parts of a text between separators, without the empty ones if
/// `remove_empty`. An empty separator occurs nowhere.
///
/// # Errors
/// If the text has more than [`super::MAX_INPUT_LENGTH`] bytes.
pub(crate) fn string_split<'a>(text: &'a str, separator: &str, remove_empty: bool) -> Result<Vec<&'a str>, FaultKind> {
    check_length(text.as_bytes())?;
    let mut parts = if separator.is_empty() { vec![text] } else { text.split(separator).collect() };
    if remove_empty {
        parts.retain(|part| !part.is_empty());
    }
    Ok(parts)
}

/// Returns the number of grapheme clusters of a text: what a reader takes for one
/// character each.
///
/// # Errors
/// If the text has more than [`super::MAX_INPUT_LENGTH`] bytes.
pub(crate) fn str_len(text: &str) -> Result<usize, FaultKind> {
    check_length(text.as_bytes())?;
    Ok(graphemes::count(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONG: [u8; 1025] = [b'a'; 1025];

    #[test]
    fn bytes_are_compared_in_order() {
        let cases: [(&[u8], &[u8], i32); 6] = [
            (b"", b"", 0),
            (b"a", b"a", 0),
            (b"a", b"b", -1),
            (b"b", b"a", 1),
            (b"a", b"ab", -1),
            (b"\xff", b"\x01", 1),
        ];
        for (first, second, order) in cases {
            assert_eq!(memory_compare(first, second).unwrap(), order);
        }
        assert!(memory_compare(&LONG[1..], &LONG[1..]).is_ok());
        assert!(memory_compare(&LONG, b"").is_err() && memory_compare(b"", &LONG).is_err());
    }

    #[test]
    fn values_are_found_from_an_index_on_or_before_it() {
        let forward = |value: &str, start| memory_search(b"abcabc", value.as_bytes(), start, false).ok();
        let backward = |value: &str, start| memory_search(b"abcabc", value.as_bytes(), start, true).ok();
        for (value, start, index) in [("bc", 0, 1), ("bc", 2, 4), ("bc", 5, -1), ("", 4, 4), ("", 6, 6), ("c", 6, -1)] {
            assert_eq!(forward(value, start), Some(index), "{value} from {start}");
        }
        for (value, start, index) in [("bc", 6, 4), ("bc", 5, 1), ("bc", 2, -1), ("", 4, 4), ("", 0, 0), ("a", 0, -1)] {
            assert_eq!(backward(value, start), Some(index), "{value} before {start}");
        }
        for start in [-1, 7, i32::MAX, i32::MIN] {
            assert_eq!((forward("a", start), backward("a", start)), (None, None), "{start}");
        }
        assert_eq!(memory_search(&LONG[1..], &LONG, 0, false).unwrap(), -1);
        assert!(memory_search(&LONG, b"a", 0, false).is_err());
    }

    #[test]
    fn texts_are_split() {
        let split = |text, separator, remove_empty| string_split(text, separator, remove_empty).unwrap().join("|");
        assert_eq!(split(",a,,b,", ",", false), "|a||b|");
        assert_eq!(split(",a,,b,", ",", true), "a|b");
        assert_eq!(split("aaa", "aa", false), "|a");
        assert_eq!(split("a b", "", false), "a b");
        assert_eq!(string_split("", "", false).unwrap(), [""]);
        assert!(string_split("", "", true).unwrap().is_empty() && string_split(",", ",", true).unwrap().is_empty());
        let long = "a".repeat(1025);
        assert!(string_split("a", &long, false).is_ok() && string_split(&long, "a", false).is_err());
        assert!(str_len(&long[1..]).is_ok() && str_len(&long).is_err());
    }
}
