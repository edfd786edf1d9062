//! Manifests from the stack items that a node stores.
//!
//! What is read here was checked when the contract was deployed, so only what
//! cannot be represented is refused.

use alloc::{string::String, vec::Vec};

use super::{
    Abi, ContractDescriptor, Event, Group, Manifest, Method, Parameter, ParameterType, Permission, PublicKey, Wildcard,
};
use crate::{fault::FaultKind, hash::Hash160, item::StackItem, json::Json};

fn wrong(what: &str) -> FaultKind {
    FaultKind::Host(alloc::format!("a stored manifest: {what}"))
}

/// The fields of a struct that has at least `N`.
fn fields<const N: usize>(item: &StackItem) -> Result<[StackItem; N], FaultKind> {
    let StackItem::Struct(fields) = item else { return Err(wrong("a part is no struct")) };
    let mut fields = fields.to_vec();
    fields.truncate(N);
    fields.try_into().map_err(|_| wrong("a struct has too few fields"))
}

fn list<T>(item: &StackItem, read: impl FnMut(&StackItem) -> Result<T, FaultKind>) -> Result<Vec<T>, FaultKind> {
    let (StackItem::Array(items) | StackItem::Struct(items)) = item else { return Err(wrong("a list is no array")) };
    items.to_vec().iter().map(read).collect()
}

fn text(item: &StackItem) -> Result<String, FaultKind> {
    item.with_bytes(|bytes| core::str::from_utf8(bytes).map(String::from))?.map_err(|_| wrong("a text is not UTF-8"))
}

fn bytes<const N: usize>(item: &StackItem) -> Result<[u8; N], FaultKind> {
    item.with_bytes(|bytes| bytes.try_into())?.map_err(|_| wrong("a field has the wrong length"))
}

fn parameter_type(item: &StackItem) -> Result<ParameterType, FaultKind> {
    let byte = u8::try_from(item.to_i32()?).ok();
    byte.and_then(ParameterType::from_byte).ok_or_else(|| wrong("a type is not defined"))
}

/// All, where the item is Null, or a list.
fn wildcard<T>(
    item: &StackItem,
    read: impl FnMut(&StackItem) -> Result<T, FaultKind>,
) -> Result<Wildcard<T>, FaultKind> {
    if item.is_null() { Ok(Wildcard::Any) } else { list(item, read).map(Wildcard::List) }
}

fn descriptor(item: &StackItem) -> Result<ContractDescriptor, FaultKind> {
    if item.is_null() {
        return Ok(ContractDescriptor::Any);
    }
    item.with_bytes(|bytes| match bytes.len() {
        20 => bytes.try_into().ok().map(|hash| ContractDescriptor::Hash(Hash160(hash))),
        _ => bytes.try_into().ok().map(|key| ContractDescriptor::Group(PublicKey(key))),
    })?
    .ok_or_else(|| wrong("a contract is neither a hash nor a key"))
}

fn parameter(item: &StackItem) -> Result<Parameter, FaultKind> {
    let [name, kind] = fields(item)?;
    Ok(Parameter { name: text(&name)?, parameter_type: parameter_type(&kind)? })
}

fn method(item: &StackItem) -> Result<Method, FaultKind> {
    let [name, parameters, return_type, offset, safe] = fields(item)?;
    Ok(Method {
        name: text(&name)?,
        parameters: list(&parameters, parameter)?,
        return_type: parameter_type(&return_type)?,
        offset: offset.to_i32()?,
        safe: safe.to_boolean()?,
    })
}

fn event(item: &StackItem) -> Result<Event, FaultKind> {
    let [name, parameters] = fields(item)?;
    Ok(Event { name: text(&name)?.into(), parameters: list(&parameters, parameter)? })
}

fn group(item: &StackItem) -> Result<Group, FaultKind> {
    let [key, signature] = fields(item)?;
    Ok(Group { pubkey: PublicKey(bytes(&key)?), signature: bytes(&signature)? })
}

fn permission(item: &StackItem) -> Result<Permission, FaultKind> {
    let [contract, methods] = fields(item)?;
    Ok(Permission { contract: descriptor(&contract)?, methods: wildcard(&methods, text)? })
}

impl Manifest {
    /// Reads a manifest from the stack item that a node stores.
    ///
    /// # Errors
    /// [`FaultKind::Host`] if the item is no manifest.
    pub fn from_stack_item(item: &StackItem) -> Result<Self, FaultKind> {
        let [name, groups, _, standards, abi, permissions, trusts, extra] = fields(item)?;
        let [methods, events] = fields(&abi)?;
        let extra = extra.with_bytes(|bytes| Json::parse(bytes, Json::MAX_DEPTH))?;
        Ok(Self {
            name: text(&name)?,
            groups: list(&groups, group)?,
            supported_standards: list(&standards, text)?,
            abi: Abi { methods: list(&methods, method)?, events: list(&events, event)? },
            permissions: list(&permissions, permission)?,
            trusts: wildcard(&trusts, descriptor)?,
            extra: match extra.map_err(|error| wrong(&alloc::format!("{error}")))? {
                Json::Null => None,
                extra => Some(extra),
            },
        })
    }
}
