//! A stub host for running real contracts without a chain.
//!
//! A JSON file lists system calls: what each one pops and what it pushes. The
//! host is meant for tests, benchmarks and trying contracts out; it stores
//! nothing.

use neovm_interp::{Caller, Host, HostError, LoadOptions};
use neovm_types::{FaultKind, Script, StackItem, hash::syscall_id, hexadecimal, item::Interop};
use serde_json::Value;

/// A host whose system calls pop items and push fixed answers.
///
/// An entry of the file can be one of three special calls instead:
/// - `load` pops a script, a return value count, a number and that many items,
///   loads the script and gives it the items, the first one popped on top;
/// - `throw` pops an item and throws it;
/// - `interop` pushes an object of the host.
///
/// System calls that are not listed, and CALLT, fault.
#[derive(Clone, Debug, Default)]
pub struct StubHost {
    /// Sorted by id.
    calls: Vec<(u32, Call)>,
}

/// What a system call does.
#[derive(Clone, Debug)]
enum Call {
    Answer {
        pops: usize,
        push: Option<StackItem>,
    },
    /// The answer depends on whether the key, one of the popped items, has an
    /// even or an odd number of bytes.
    ByKeyLength {
        pops: usize,
        key: usize,
        even: StackItem,
        odd: StackItem,
    },
    LoadScript,
    Throw,
    Interop,
}

/// Why a file of system calls cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StubHostError {
    /// The text is not valid JSON.
    #[error("stub host: {0}")]
    Json(String),
    /// An entry is wrong.
    #[error("stub host: system call {name}: {what}")]
    Entry {
        /// The system call's name.
        name: String,
        /// What is wrong with it.
        what: String,
    },
}

impl StubHost {
    /// Creates the host that a JSON text describes:
    /// `{"syscalls":{NAME:{"pops":N,"push":ITEM}}}`, where an item has the form of
    /// the Neo RPC, but with its bytes in hexadecimal.
    ///
    /// # Errors
    /// [`StubHostError`], which says what is wrong.
    pub fn from_json(text: &str) -> Result<Self, StubHostError> {
        let json: Value = serde_json::from_str(text).map_err(|error| StubHostError::Json(error.to_string()))?;
        let calls = json.get("syscalls").and_then(Value::as_object);
        let calls = calls.ok_or_else(|| StubHostError::Json("no object \"syscalls\"".into()))?;
        let entry = |(name, entry): (&String, &Value)| match parse_call(entry) {
            Ok(call) => Ok((syscall_id(name), call)),
            Err(what) => Err(StubHostError::Entry { name: name.clone(), what }),
        };
        let mut calls = calls.iter().map(entry).collect::<Result<Vec<_>, _>>()?;
        calls.sort_by_key(|(id, _)| *id);
        Ok(Self { calls })
    }
}

fn parse_call(entry: &Value) -> Result<Call, String> {
    match entry.get("special").map(Value::as_str) {
        Some(Some("load")) => return Ok(Call::LoadScript),
        Some(Some("throw")) => return Ok(Call::Throw),
        Some(Some("interop")) => return Ok(Call::Interop),
        Some(other) => return Err(format!("unknown special {other:?}")),
        None => {}
    }
    let number = |name: &str| {
        let number = entry.get(name).and_then(Value::as_u64);
        number.and_then(|number| usize::try_from(number).ok()).ok_or(format!("no number {name:?}"))
    };
    let pops = number("pops")?;
    if let Some(by_length) = entry.get("push_by_key_length") {
        let key = number("key_pop")?;
        if key >= pops {
            return Err(format!("key_pop {key} of {pops} items"));
        }
        let answer = |name: &str| parse_item(by_length.get(name).unwrap_or(&Value::Null));
        return Ok(Call::ByKeyLength { pops, key, even: answer("even")?, odd: answer("odd")? });
    }
    match entry.get("push") {
        None | Some(Value::Null) => Ok(Call::Answer { pops, push: None }),
        Some(item) => Ok(Call::Answer { pops, push: Some(parse_item(item)?) }),
    }
}

/// An item whose bytes are hexadecimal.
fn parse_item(value: &Value) -> Result<StackItem, String> {
    let inner = value.get("value");
    match value.get("type").and_then(Value::as_str) {
        Some("ByteString") => {
            let text = inner.and_then(Value::as_str).ok_or("bytes without text")?;
            let bytes = hexadecimal::decode(text).map_err(|error| format!("{text:?}: {error}"))?;
            Ok(StackItem::from(bytes.as_slice()))
        }
        Some("Array") => {
            let items = inner.and_then(Value::as_array).ok_or("an array without a list")?;
            Ok(StackItem::array(items.iter().map(parse_item).collect::<Result<Vec<_>, _>>()?))
        }
        _ => StackItem::from_json(value).map_err(|error| error.to_string()),
    }
}

impl Host for StubHost {
    fn syscall(&mut self, caller: &mut Caller<'_>, id: u32) -> Result<(), HostError> {
        let call = self.calls.binary_search_by_key(&id, |(id, _)| *id);
        match call.ok().map(|place| &self.calls[place].1) {
            None => Err(FaultKind::NoSyscall(id).into()),
            Some(Call::Answer { pops, push }) => {
                caller.drop_items(*pops)?;
                if let Some(answer) = push {
                    caller.push(answer.deep_copy(false));
                }
                Ok(())
            }
            Some(Call::ByKeyLength { pops, key, even, odd }) => {
                let items = caller.pop_many(*pops)?;
                let length = items[*key].with_bytes(<[u8]>::len)?;
                caller.push(if length.is_multiple_of(2) { even.clone() } else { odd.clone() });
                Ok(())
            }
            Some(Call::LoadScript) => Ok(load_script(caller)?),
            Some(Call::Throw) => Err(HostError::Throw(caller.pop()?)),
            Some(Call::Interop) => {
                caller.push(StackItem::Interop(Interop::new(())));
                Ok(())
            }
        }
    }
}

fn load_script(caller: &mut Caller<'_>) -> Result<(), FaultKind> {
    let script = Script::from(caller.pop_bytes()?);
    let return_count = caller.pop_i32()?;
    let count = caller.pop_i32()?;
    let items = caller.pop_many(count.max(0) as usize)?;
    caller.load_script(script, LoadOptions::default().with_return_count(return_count))?;
    for item in items.into_iter().rev() {
        caller.push(item);
    }
    Ok(())
}
