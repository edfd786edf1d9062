//! Arguments of test invocations, and the instructions that push them.
//!
//! The script of an invocation is answered and costs gas: it is made as the reference makes it.
//!
//! Sources: `ContractParameter.cs` (`FromJson`), `ScriptBuilderExtensions.cs` of the reference node.

use neovm_types::{
    CallFlags, Hash160, Hash256, Integer, OpCode, PublicKey, Script, ScriptBuilder, StackItem, base64, json::Json,
    manifest::ParameterType,
};

use crate::{
    error::{ErrorKind, RpcError},
    params::{Params, as_boolean, as_text, invalid, trimmed},
};

type Result<T> = std::result::Result<T, RpcError>;

/// An argument.
///
/// The parser of JSON has limited how deep they are nested.
pub(crate) enum Argument {
    /// All but lists and maps.
    Plain(StackItem),
    List(Vec<Self>),
    /// The entries, of which several may have the same key.
    Map(Vec<(Self, Self)>),
}

/// Reads a parameter of a call that is a list of arguments.
pub(crate) fn arguments(params: &Params<'_>, index: usize) -> Result<Vec<Argument>> {
    params.list(index)?.iter().map(Argument::from_json).collect()
}

/// Returns the script that calls a method.
///
/// # Errors
/// If it becomes too long.
pub(crate) fn call(contract: Hash160, method: &str, arguments: &[Argument]) -> Result<Script> {
    let mut script = ScriptBuilder::new();
    match arguments {
        [] => drop(script.op(OpCode::NEWARRAY0)),
        arguments => push_list(&mut script, arguments),
    }
    built(script.dynamic_call_of_pushed(contract, method, CallFlags::ALL))
}

/// Returns the script that pushes arguments, the first one on top.
///
/// # Errors
/// If it becomes too long.
pub(crate) fn pushed(arguments: &[Argument]) -> Result<Script> {
    let mut script = ScriptBuilder::new();
    arguments.iter().rev().for_each(|argument| argument.push(&mut script));
    built(&script)
}

fn built(script: &ScriptBuilder) -> Result<Script> {
    script.build().map_err(|error| ErrorKind::InvalidParams.with(error))
}

/// An empty list is packed, too: it is the list of all arguments alone that is not.
fn push_list(script: &mut ScriptBuilder, arguments: &[Argument]) {
    arguments.iter().rev().for_each(|argument| argument.push(script));
    script.push(arguments.len() as i64).op(OpCode::PACK);
}

impl Argument {
    /// Reads an argument. Members other than `type` and `value` are passed over.
    fn from_json(json: &Json) -> Result<Self> {
        let wrong = || invalid("ContractParameter", json);
        let name = json.get("type").and_then(Json::as_str).ok_or_else(wrong)?;
        let kind = ParameterType::ALL.iter().copied().find(|kind| kind.name() == name.trim()).ok_or_else(wrong)?;
        match json.get("value") {
            None | Some(Json::Null) => Ok(Self::Plain(StackItem::Null)),
            Some(value) => Self::of_type(kind, value)?.ok_or_else(wrong),
        }
    }

    /// Reads a value of a type; none if it is of another one.
    fn of_type(kind: ParameterType, value: &Json) -> Result<Option<Self>> {
        let text = as_text(value);
        let plain = match kind {
            ParameterType::Signature | ParameterType::ByteArray => {
                base64::decode(&text).ok().map(|bytes| bytes.as_slice().into())
            }
            ParameterType::Boolean => Some(as_boolean(value).into()),
            ParameterType::Integer => trimmed(&text).parse::<Integer>().ok().map(StackItem::from),
            ParameterType::Hash160 => text.parse::<Hash160>().ok().map(StackItem::from),
            ParameterType::Hash256 => text.parse::<Hash256>().ok().map(|hash| hash.0.as_slice().into()),
            ParameterType::PublicKey => PublicKey::parse_point(&text).ok().map(|key| (&key).into()),
            ParameterType::String => Some(text.as_str().into()),
            ParameterType::Array => {
                let Json::Array(values) = value else { return Ok(None) };
                return values.iter().map(Self::from_json).collect::<Result<_>>().map(Self::List).map(Some);
            }
            ParameterType::Map => {
                let Json::Array(entries) = value else { return Ok(None) };
                return entries.iter().map(entry).collect::<Result<_>>().map(Self::Map).map(Some);
            }
            ParameterType::Any | ParameterType::InteropInterface | ParameterType::Void => None,
        };
        Ok(plain.map(Self::Plain))
    }

    fn push(&self, script: &mut ScriptBuilder) {
        match self {
            Self::Plain(item) => drop(script.push(item.clone())),
            Self::List(arguments) => push_list(script, arguments),
            Self::Map(entries) if entries.is_empty() => drop(script.op(OpCode::NEWMAP)),
            Self::Map(entries) => {
                for (key, value) in entries.iter().rev() {
                    value.push(script);
                    key.push(script);
                }
                script.push(entries.len() as i64).op(OpCode::PACKMAP);
            }
        }
    }
}

fn entry(json: &Json) -> Result<(Argument, Argument)> {
    let part = |name: &str| json.get(name).ok_or_else(|| invalid("ContractParameter", json));
    Ok((Argument::from_json(part("key")?)?, Argument::from_json(part("value")?)?))
}
