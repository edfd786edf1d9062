//! The stub host: a stand-in for a node, which answers system calls with fixed items.
//! `tests/data/README.md` describes it.

use std::{collections::HashMap, rc::Rc};

use num_bigint::BigInt;
use serde_json::Value;

use crate::{
    error::{Done, fault},
    item::{Item, Kind},
    machine::Machine,
};

/// A host whose system calls pop items and push fixed items.
#[derive(Clone, Debug)]
pub struct StubHost {
    calls: HashMap<u32, Value>,
}

/// A system call of a stub host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StubCall<'a> {
    /// Its identifier.
    pub id: u32,
    /// What it does besides answering: `load`, `throw` or `interop`.
    pub special: Option<&'a str>,
    /// The number of items that it pops.
    pub pops: usize,
    /// Whether it pushes an item.
    pub pushes: bool,
}

/// The reason why the description of a stub host is invalid.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostError(pub String);

impl StubHost {
    /// Creates a host from its description in JSON.
    ///
    /// # Errors
    /// Returns [`HostError`] if the text is not valid JSON, has no `syscalls`, or has a system call
    /// without an identifier.
    pub fn from_json(text: &str) -> Result<Self, HostError> {
        let json: Value = serde_json::from_str(text).map_err(|error| HostError(error.to_string()))?;
        let entries = json["syscalls"].as_object().ok_or_else(|| HostError("no system calls".into()))?;
        let entry = |(name, entry): (&String, &Value)| {
            let id = entry["id"].as_str().and_then(|id| u32::from_str_radix(id, 16).ok());
            let id = id.ok_or_else(|| HostError(format!("{name} has no identifier")))?;
            Ok((id.swap_bytes(), entry.clone()))
        };
        Ok(Self { calls: entries.iter().map(entry).collect::<Result<_, _>>()? })
    }

    /// Returns all system calls.
    pub fn calls(&self) -> impl Iterator<Item = StubCall<'_>> {
        self.calls.iter().map(|(&id, call)| {
            let special = call["special"].as_str();
            let pushes =
                special == Some("interop") || call["push"].is_object() || call["push_by_key_length"].is_object();
            StubCall { id, special, pops: call["pops"].as_u64().unwrap_or(0) as usize, pushes }
        })
    }
}

impl Machine<'_> {
    pub(crate) fn syscall(&mut self, id: u32) -> Done {
        let Some(call) = self.host.and_then(|host| host.calls.get(&id)) else {
            return fault(format!("Syscall not found: {id}"));
        };
        match call["special"].as_str() {
            Some("load") => self.load_popped_script(),
            Some("throw") => {
                let exception = self.pop()?;
                self.throw(exception)
            }
            Some("interop") => {
                self.push(Item::Interop(Rc::new(())));
                Ok(())
            }
            _ => self.answer(call),
        }
    }

    /// Pops the call's arguments and pushes its result, which may depend on whether the length of the
    /// key is even.
    fn answer(&mut self, call: &Value) -> Done {
        let mut popped = Vec::new();
        for _ in 0..call["pops"].as_u64().unwrap_or(0) {
            popped.push(self.pop()?);
        }
        let by_length = &call["push_by_key_length"];
        if by_length.is_object() {
            let key = call["key_pop"].as_u64().unwrap_or(0) as usize;
            let even = popped[key].span()?.len().is_multiple_of(2);
            let item = self.answer_item(&by_length[if even { "even" } else { "odd" }])?;
            self.push(item);
        } else if call["push"].is_object() {
            let item = self.answer_item(&call["push"])?;
            self.push(item);
        }
        Ok(())
    }

    /// Creates an item from its description; byte strings are hexadecimal.
    fn answer_item(&mut self, json: &Value) -> Done<Item> {
        let value = &json["value"];
        let text = value.as_str().unwrap_or_default();
        match json["type"].as_str() {
            Some("Any") => Ok(Item::Null),
            Some("Boolean") => Ok(Item::Boolean(value.as_bool().unwrap_or_default())),
            Some("Integer") => Ok(Item::small(text.parse::<BigInt>().unwrap_or_default())),
            Some("ByteString") => Ok(Item::bytes(&hex::decode(text).unwrap_or_default())),
            Some("Array") => {
                let items = value.as_array().into_iter().flatten();
                let items = items.map(|item| self.answer_item(item)).collect::<Done<_>>()?;
                Ok(Item::Compound(self.new_compound(Kind::Array, items)))
            }
            _ => fault(format!("stub host: no item: {json}")),
        }
    }

    /// Pops a script, its return value count, a number n and n items, and loads the script with these
    /// items on its stack, the first one popped on top.
    fn load_popped_script(&mut self) -> Done {
        let script = self.pop_span()?;
        let return_count = self.pop_i32()?;
        let mut items = Vec::new();
        for _ in 0..self.pop_i32()? {
            items.push(self.pop()?);
        }
        self.load_script(&script, return_count)?;
        for item in items.into_iter().rev() {
            self.push(item);
        }
        Ok(())
    }
}
