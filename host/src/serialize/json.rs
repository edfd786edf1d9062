//! Stack items as JSON text, as contracts write and read it.
//!
//! Null, Booleans, integers, byte strings, arrays and maps have the obvious form;
//! buffers are written as byte strings and structs as arrays. JSON knows text only,
//! so byte strings must be UTF-8; numbers are floats of 64 bits.
//!
//! Source: `JsonSerializer.cs` of the reference node, and of .NET 10 `Utf8JsonWriter`
//! and the parser of `BigInteger`.

use neovm_types::{
    Array, FaultKind, Integer, Map, StackItem,
    integer::MAX_SIZE,
    json::{Json, write_string},
};

/// The largest number of arrays and maps inside one another that are written.
const MAX_WRITTEN_DEPTH: usize = 1000;

/// The largest number of arrays and objects inside one another that are read.
const MAX_READ_DEPTH: usize = 10;

/// The largest integer such that it and all below are floats of 64 bits.
const MAX_SAFE_INTEGER: u64 = (1 << 53) - 1;

fn fault<T>(text: impl Into<String>) -> Result<T, FaultKind> {
    Err(FaultKind::Host(text.into()))
}

/// Returns an item as JSON text, without whitespace.
///
/// # Errors
/// [`FaultKind::Host`] if the text has more than `max_size` bytes, for more than
/// 1,000 arrays and maps inside one another, for an integer beyond 2^53 - 1, for a
/// map key that is not a byte string and for a pointer or an interop object;
/// [`FaultKind::NotUtf8`] for bytes that are not UTF-8.
pub(crate) fn serialize(item: &StackItem, max_size: usize) -> Result<String, FaultKind> {
    let mut out = String::new();
    // The arrays and maps that are being written, with the index of what comes next in each.
    let mut open: Vec<(StackItem, usize)> = Vec::new();
    let mut item = item.clone();
    loop {
        if let Some(bracket) = write_item(&mut out, &item)? {
            if open.len() == MAX_WRITTEN_DEPTH {
                return fault(format!("More than {MAX_WRITTEN_DEPTH} arrays and maps inside one another"));
            }
            out.push(bracket);
            open.push((item, 0));
        }
        item = loop {
            if out.len() > max_size {
                return fault(format!("More than {max_size} bytes of JSON"));
            }
            let Some((compound, next)) = open.last_mut() else { return Ok(out) };
            if let Some(child) = write_up_to_child(&mut out, compound, *next)? {
                *next += 1;
                break child;
            }
            open.pop();
        };
    }
}

/// Writes an item; of a compound it returns the bracket that opens it.
fn write_item(out: &mut String, item: &StackItem) -> Result<Option<char>, FaultKind> {
    match item {
        StackItem::Null => out.push_str("null"),
        StackItem::Boolean(value) => out.push_str(if value.get() { "true" } else { "false" }),
        StackItem::Integer(value) if value.unsigned_abs() <= MAX_SAFE_INTEGER => out.push_str(&value.to_string()),
        StackItem::Integer(_) | StackItem::BigInteger(_) => return fault("An integer is too large for JSON"),
        StackItem::ByteString(_) | StackItem::Buffer(_) => write_text(out, item)?,
        StackItem::Array(_) | StackItem::Struct(_) => return Ok(Some('[')),
        StackItem::Map(_) => return Ok(Some('{')),
        StackItem::Pointer(_) | StackItem::Interop(_) => {
            return fault(format!("{} has no form in JSON", item.item_type()));
        }
    }
    Ok(None)
}

/// Writes what comes before the item at an index of a compound, which is returned.
/// Behind the last one there is the bracket that closes the compound.
fn write_up_to_child(out: &mut String, compound: &StackItem, index: usize) -> Result<Option<StackItem>, FaultKind> {
    let (entry, bracket) = match compound {
        StackItem::Map(map) => (map.entry(index).map(|(key, value)| (Some(key), value)), '}'),
        StackItem::Array(array) | StackItem::Struct(array) => (array.get(index).map(|item| (None, item)), ']'),
        _ => return Ok(None),
    };
    let Some((key, value)) = entry else {
        out.push(bracket);
        return Ok(None);
    };
    if index > 0 {
        out.push(',');
    }
    match key {
        Some(key @ StackItem::ByteString(_)) => {
            write_text(out, &key)?;
            out.push(':');
        }
        Some(key) => return fault(format!("A map key of type {} in JSON", key.item_type())),
        None => {}
    }
    Ok(Some(value))
}

fn write_text(out: &mut String, item: &StackItem) -> Result<(), FaultKind> {
    item.check_text()?;
    item.with_bytes(|bytes| write_string(out, &String::from_utf8_lossy(bytes)))?
        .or_else(|_| fault("A text could not be written"))
}

/// Reads an item from JSON text.
///
/// Numbers are read as floats of 64 bits. `exact` tells which integer a float of at
/// least 2^53 becomes: the exact value of the float, as before the hardfork
/// Basilisk, or else that of the shortest decimal number that stands for the float.
///
/// # Errors
/// [`FaultKind::Host`] for a text that the node does not read, with more than ten
/// arrays and objects inside one another among others, for a number with a
/// fraction, and for more than `max_items` items, each key counted;
/// [`FaultKind::IntegerSize`] and [`FaultKind::KeySize`].
pub(crate) fn deserialize(text: &[u8], max_items: usize, exact: bool) -> Result<StackItem, FaultKind> {
    let json = Json::parse(text, MAX_READ_DEPTH).map_err(|error| FaultKind::Host(error.to_string()))?;
    Reader { items_left: max_items, exact }.item(json)
}

struct Reader {
    items_left: usize,
    exact: bool,
}

impl Reader {
    /// Makes an item. The parser has limited how deep this calls itself.
    fn item(&mut self, json: Json) -> Result<StackItem, FaultKind> {
        self.count()?;
        Ok(match json {
            Json::Null => StackItem::Null,
            Json::Bool(value) => value.into(),
            Json::Number(value) => self.integer(value)?.into(),
            Json::String(text) => text.into(),
            Json::Array(values) => {
                let items = values.into_iter().map(|value| self.item(value)).collect::<Result<Vec<_>, _>>()?;
                StackItem::Array(Array::new(items))
            }
            Json::Object(members) => {
                let map = Map::new();
                for (key, value) in members {
                    self.count()?;
                    map.insert(key.into(), self.item(value)?)?;
                }
                StackItem::Map(map)
            }
        })
    }

    fn count(&mut self) -> Result<(), FaultKind> {
        let Some(left) = self.items_left.checked_sub(1) else { return fault("Too many items in JSON") };
        self.items_left = left;
        Ok(())
    }

    fn integer(&self, value: f64) -> Result<Integer, FaultKind> {
        if value % 1.0 != 0.0 {
            return fault("Decimal value is not allowed");
        }
        if value.abs() <= MAX_SAFE_INTEGER as f64 {
            return Ok(Integer::from(value as i64));
        }
        if self.exact { exact_integer(value) } else { decimal_integer(value) }
    }
}

/// The value of a float of at least 2^53.
fn exact_integer(value: f64) -> Result<Integer, FaultKind> {
    let bits = value.to_bits();
    let fraction = (bits & ((1 << 52) - 1) | 1 << 52) as i64;
    let exponent = (bits >> 52 & 0x7ff) as u32 - 1075;
    Integer::from(if value < 0.0 { -fraction } else { fraction }).shl(exponent)
}

/// The value of the shortest decimal number that stands for a float of at least 2^53.
fn decimal_integer(value: f64) -> Result<Integer, FaultKind> {
    let text = Json::Number(value).to_string();
    let (mantissa, exponent) = text.split_once("E+").unwrap_or((&text, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let not_a_number = |_| FaultKind::Engine("a number's text is not one");
    let digits: i64 = format!("{whole}{fraction}").parse().map_err(not_a_number)?;
    let exponent: u32 = exponent.parse().map_err(not_a_number)?;
    let exponent = exponent - fraction.len() as u32;
    // In two steps, both of which fit: a greater power of ten is no integer.
    let low = exponent.min(38);
    let high = 10u128.checked_pow(exponent - low).ok_or(FaultKind::IntegerSize(MAX_SIZE + 1))?;
    Integer::from(digits).mul(10u128.pow(low).into())?.mul(high.into())
}

#[cfg(test)]
mod tests {
    use neovm_types::Interop;
    use proptest::prelude::*;

    use super::*;

    const MAX_SIZE: usize = 131_070;

    fn write(item: &StackItem) -> Option<String> {
        serialize(item, MAX_SIZE).ok()
    }

    /// What a text is read as, in the form of the Neo RPC without the types.
    fn read(text: &str) -> Option<String> {
        let item = deserialize(text.as_bytes(), 2048, false).ok()?;
        Some(item.to_json().unwrap())
    }

    fn integer(text: &str, exact: bool) -> Option<String> {
        let StackItem::Array(items) = deserialize(format!("[{text}]").as_bytes(), 9, exact).ok()? else { return None };
        Some(items.get(0)?.to_integer().unwrap().to_string())
    }

    fn map(entries: impl IntoIterator<Item = (StackItem, StackItem)>) -> StackItem {
        let map = Map::new();
        for (key, value) in entries {
            map.insert(key, value).unwrap();
        }
        StackItem::Map(map)
    }

    #[test]
    fn items_have_their_text() {
        let safe = MAX_SAFE_INTEGER as i64;
        let cases = [
            (StackItem::Null, "null"),
            (true.into(), "true"),
            (safe.into(), "9007199254740991"),
            ((-safe).into(), "-9007199254740991"),
            ("a\n\u{7f}é😀<\"".into(), r#""a\n\u007F\u00E9\uD83D\uDE00\u003C\u0022""#),
            (StackItem::buffer(b"b"), r#""b""#),
            (StackItem::structure([StackItem::array([]), 0.into()]), "[[],0]"),
            (map([("+".into(), map([])), ("a".into(), StackItem::array([1.into()]))]), r#"{"\u002B":{},"a":[1]}"#),
        ];
        for (item, text) in cases {
            assert_eq!(write(&item).as_deref(), Some(text));
        }
    }

    #[test]
    fn what_json_cannot_say_faults() {
        let items = [
            (MAX_SAFE_INTEGER as i64 + 1).into(),
            (-(MAX_SAFE_INTEGER as i64) - 1).into(),
            i64::MIN.into(),
            i128::MAX.into(),
            b"\xff"[..].into(),
            StackItem::buffer(b"\xff"),
            map([(1.into(), 1.into())]),
            map([(true.into(), 1.into())]),
            map([(b"\xff"[..].into(), 1.into())]),
            StackItem::Interop(Interop::new(1u8)),
        ];
        for item in items {
            assert_eq!(write(&item), None, "{item:?}");
            assert_eq!(write(&StackItem::array([item])), None);
        }
    }

    #[test]
    fn depth_and_size_are_limited() {
        let nested = |depth| (1..depth).fold(StackItem::array([]), |item, _| StackItem::array([item]));
        assert_eq!(write(&nested(1000)).map(|text| text.len()), Some(2000));
        assert_eq!(write(&nested(1001)), None);
        let StackItem::Array(cycle) = nested(1) else { unreachable!() };
        cycle.push(StackItem::Array(cycle.clone())).unwrap();
        assert_eq!(write(&StackItem::Array(cycle.clone())), None);
        cycle.clear().unwrap();
        // Each level holds the one below ten times.
        let bomb = (0..999).fold(StackItem::array([]), |item, _| StackItem::array(vec![item; 10]));
        assert_eq!(write(&bomb), None);
        let item = StackItem::array([StackItem::from("ab")]);
        assert_eq!(serialize(&item, 6).unwrap(), r#"["ab"]"#);
        assert!(serialize(&item, 5).is_err());
    }

    #[test]
    fn numbers_are_floats() {
        let cases = [
            ("0", "0"),
            ("-0.0", "0"),
            ("1e3", "1000"),
            ("120e-1", "12"),
            ("9007199254740993", "9007199254740992"),
            ("1e22", "10000000000000000000000"),
            ("5e-324e", ""),
            ("1e400", ""),
            ("1.5", ""),
            ("01", ""),
            ("+1", ""),
        ];
        for (text, value) in cases {
            let value = Some(value.to_string()).filter(|value| !value.is_empty());
            assert_eq!((integer(text, false), integer(text, true)), (value.clone(), value), "{text}");
        }
        let differing = [
            ("9223372036854775807", "9223372036854776000", "9223372036854775808"),
            ("-1e23", "-100000000000000000000000", "-99999999999999991611392"),
            ("1.2345678901234567e30", "1234567890123456700000000000000", "1234567890123456708408451792896"),
        ];
        for (text, decimal, exact) in differing {
            assert_eq!(integer(text, false).as_deref(), Some(decimal), "{text}");
            assert_eq!(integer(text, true).as_deref(), Some(exact), "{text}");
        }
        assert_eq!(integer("5e76", false), Some(format!("5{}", "0".repeat(76))));
        assert_eq!((integer("6e76", false), integer("6e76", true), integer("1e308", false)), (None, None, None));
    }

    #[test]
    fn texts_are_read() {
        assert_eq!(
            read(r#" [null, true, "\u00e9"] // end"#).as_deref(),
            Some(
                r#"{"type":"Array","value":[{"type":"Any"},{"type":"Boolean","value":true},{"type":"ByteString","value":"w6k="}]}"#
            )
        );
        let key = |length| format!(r#"{{"{}":1}}"#, "k".repeat(length));
        assert!(read(&key(64)).is_some() && read(&key(65)).is_none());
        for text in ["", "nul", "[1,]", r#"{"a":1,"a":2}"#, "'a'", "\u{feff}1", "1 2", r#""\ud800""#] {
            assert_eq!(read(text), None, "{text}");
        }
        let nested = |depth| "[".repeat(depth) + &"]".repeat(depth);
        assert!(read(&nested(10)).is_some() && read(&nested(11)).is_none());
    }

    #[test]
    fn items_are_limited() {
        let count = |text: &str| (0..99).find(|&items| deserialize(text.as_bytes(), items, false).is_ok());
        assert_eq!(count("1"), Some(1));
        assert_eq!(count("[1,2,[3]]"), Some(5));
        assert_eq!(count(r#"{"a":1,"b":{}}"#), Some(5));
    }

    fn item() -> impl Strategy<Value = StackItem> {
        let limit = MAX_SAFE_INTEGER as i64;
        let leaf = prop_oneof![
            Just(StackItem::Null),
            any::<bool>().prop_map(StackItem::from),
            (-limit..=limit).prop_map(StackItem::from),
            any::<String>().prop_map(StackItem::from),
        ];
        leaf.prop_recursive(9, 60, 6, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..6).prop_map(StackItem::array),
                prop::collection::vec(("[a-zé+]{0,8}".prop_map(StackItem::from), inner), 0..6).prop_map(map),
            ]
        })
    }

    proptest! {
        #[test]
        fn what_is_written_reads_back(item in item()) {
            let text = serialize(&item, MAX_SIZE).unwrap();
            let again = deserialize(text.as_bytes(), 2048, false).unwrap();
            prop_assert_eq!(again.to_json().unwrap(), item.to_json().unwrap());
        }

        #[test]
        fn any_text_is_read_or_refused(text in "[\\[\\]{}:,\"0-9eE+.\\\\/* tru-]{0,40}") {
            let _ = deserialize(text.as_bytes(), 2048, text.len() % 2 == 0);
        }
    }
}
