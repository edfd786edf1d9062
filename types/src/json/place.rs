//! Where the values of a text stand.

use core::ops::Range;

use alloc::string::String;

use super::{end_of_string, without_comments};

/// Returns where the value at a path such as `abi.methods[2].offset` stands in a JSON text, in bytes. If an object has
/// no such key or a list no such item, that is the place of the object or list.
///
/// ```
/// use neovm_types::json::place;
///
/// let text = br#"{"abi": {"methods": [1, 22]}}"#;
/// assert_eq!(place(text, "abi.methods[1]"), Some(24..26));
/// assert_eq!(place(text, "abi.events"), Some(8..28));
/// ```
pub fn place(text: &[u8], path: &str) -> Option<Range<usize>> {
    let text = &*without_comments(text).ok()?;
    let mut found = value(text, 0)?;
    for step in path.split(['.', '[']).filter(|step| !step.is_empty()) {
        let inner = match step.strip_suffix(']') {
            Some(index) => item(text, found.start, index.parse().ok()?),
            None => member(text, found.start, step),
        };
        match inner {
            Some(inner) => found = inner,
            None => break,
        }
    }
    Some(found)
}

/// The value that begins behind white space at a place.
fn value(text: &[u8], place: usize) -> Option<Range<usize>> {
    let start = behind_space(text, place);
    let mut end = start;
    let mut depth = 0_usize;
    loop {
        end = match text.get(end)? {
            b'"' => end_of_string(text, end),
            b'{' | b'[' => {
                depth += 1;
                end + 1
            }
            b'}' | b']' => {
                depth = depth.checked_sub(1)?;
                end + 1
            }
            b',' | b':' if depth > 0 => end + 1,
            byte if byte.is_ascii_whitespace() => end + 1,
            _ => end_of_word(text, end)?,
        };
        if depth == 0 {
            return Some(start..end);
        }
    }
}

/// Where a number, `true`, `false` or `null` ends.
fn end_of_word(text: &[u8], start: usize) -> Option<usize> {
    let length = text[start..].iter().take_while(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(byte)).count();
    (length > 0).then_some(start + length)
}

fn behind_space(text: &[u8], place: usize) -> usize {
    place + text[place..].iter().take_while(|byte| byte.is_ascii_whitespace()).count()
}

/// Steps over a byte, with white space before it.
fn behind(text: &[u8], place: usize, byte: u8) -> Option<usize> {
    let place = behind_space(text, place);
    (text.get(place) == Some(&byte)).then_some(place + 1)
}

/// The value of a key of the object at a place.
fn member(text: &[u8], object: usize, wanted: &str) -> Option<Range<usize>> {
    let mut place = behind(text, object, b'{')?;
    loop {
        let key = value(text, place)?;
        let found = value(text, behind(text, key.end, b':')?)?;
        if serde_json::from_slice::<String>(&text[key]).is_ok_and(|key| key == wanted) {
            return Some(found);
        }
        place = behind(text, found.end, b',')?;
    }
}

/// An item of the list at a place.
fn item(text: &[u8], list: usize, index: usize) -> Option<Range<usize>> {
    let mut place = behind(text, list, b'[')?;
    for _ in 0..index {
        place = behind(text, value(text, place)?.end, b',')?;
    }
    value(text, place)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_found_by_their_paths() {
        let text = "{ // the name: \"x\"\n \"na\\u006de\" : \"a\\\"}\", \"l\":[{}, [-1.5e+3 ,true],{\"k\": null}] }";
        let at = |path: &str| place(text.as_bytes(), path).map(|range| &text[range]);
        assert_eq!(at("name"), Some("\"a\\\"}\""));
        assert_eq!(at("l[1]"), Some("[-1.5e+3 ,true]"));
        assert_eq!((at("l[1][0]"), at("l[1][1]")), (Some("-1.5e+3"), Some("true")));
        assert_eq!(at("l[2].k"), Some("null"));
        assert_eq!(at("l[2].j"), Some("{\"k\": null}"));
        assert_eq!(at("l[3]"), at("l"));
        assert_eq!(at("l[0].k.j"), Some("{}"));
        assert_eq!(at(""), Some(text));
    }

    #[test]
    fn texts_that_are_no_json_have_no_places() {
        for text in ["", " ", "{", "[", "]", "}", "\"", "{\"a\"", "{\"a\":", "[1,", "{]", "/*", "\u{e9}", ",", "{,}"] {
            for path in ["", "a", "[1]", "[x]", "a.b[0]"] {
                // It must end, and name nothing outside of the text.
                let found = place(text.as_bytes(), path);
                assert!(found.is_none_or(|range| range.end <= text.len()), "{text} {path}");
            }
        }
    }
}
