//! The call tree as JSON.

use neovm::storage::Value as Stored;
use serde_json::{Value, json};

use super::{Argument, Call, CallTree, Change, Ended, Step};

impl CallTree {
    /// Returns the calls that nobody called as a list, each with those that lie in it.
    ///
    /// A call has the fields `contract` (a hash), `name`, `method` (null of a script),
    /// `arguments`, `gas` and `owngas` (in datoshi, as text), `instructions` (its own),
    /// `steps` and `end`. A step is an object with one field: `call`, `event`, `log` or
    /// `storage`; the end is one with `returns`, `throws` or `faults`, or null. Values
    /// are text in the notation of arguments of their types, cut off where they are
    /// long.
    pub fn json(&self) -> Value {
        let mut done: Vec<Value> = vec![Value::Null; self.calls.len()];
        // What lies in a call comes behind it, and so is there when the call's turn comes.
        for (place, call) in self.calls.iter().enumerate().rev() {
            let steps = call.steps.iter().map(|step| step_json(step, &mut done)).collect();
            done[place] = call_json(call, steps);
        }
        let is_root = |(place, _): &(usize, Value)| self.calls[*place].parent.is_none();
        done.into_iter().enumerate().filter(is_root).map(|(_, call)| call).collect()
    }
}

fn call_json(call: &Call, steps: Value) -> Value {
    let end = match &call.ended {
        Ended::Open => Value::Null,
        Ended::Returned(values) => json!({"returns": list(values)}),
        Ended::Threw(text) => json!({"throws": text}),
        Ended::Faulted(text) => json!({"faults": text}),
    };
    json!({
        "contract": call.script_hash.to_string(),
        "name": call.name,
        "method": call.method,
        "arguments": list(&call.arguments),
        "gas": call.total_gas.datoshi_ceil().to_string(),
        "owngas": call.own_gas.datoshi_ceil().to_string(),
        "instructions": call.instructions,
        "steps": steps,
        "end": end,
    })
}

fn list(arguments: &[Argument]) -> Value {
    let one = |argument: &Argument| match argument.name.as_str() {
        "" => json!({"type": argument.type_name, "value": argument.value}),
        name => json!({"name": name, "type": argument.type_name, "value": argument.value}),
    };
    arguments.iter().map(one).collect()
}

fn step_json(step: &Step, done: &mut [Value]) -> Value {
    match step {
        Step::Call(place) => json!({"call": done[*place].take()}),
        Step::Event(event) => json!({"event": {"name": event.name, "values": list(&event.values)}}),
        Step::Log(message) => json!({"log": message}),
        Step::Change(Change { key, old, new }) => {
            let value = |value: &Option<Stored>| value.as_ref().map(hex::encode);
            json!({"storage": {"key": hex::encode(key.local()), "old": value(old), "new": value(new)}})
        }
    }
}
