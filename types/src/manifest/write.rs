//! Manifests as JSON, and as the stack items that a node stores.

use alloc::{string::ToString, vec::Vec};

use base64::{Engine, prelude::BASE64_STANDARD};
use serde::{Serialize, Serializer};

use super::{Abi, ContractDescriptor, Event, Group, Manifest, Method, Parameter, ParameterType, Permission, Wildcard};
use crate::{item::StackItem, json::Json};

fn object<const N: usize>(members: [(&str, Json); N]) -> Json {
    Json::Object(members.map(|(key, value)| (key.into(), value)).into())
}

impl From<&Manifest> for Json {
    fn from(manifest: &Manifest) -> Self {
        object([
            ("name", (&*manifest.name).into()),
            ("groups", manifest.groups.iter().collect()),
            ("features", object([])),
            ("supportedstandards", manifest.supported_standards.iter().map(|name| &**name).collect()),
            ("abi", (&manifest.abi).into()),
            ("permissions", manifest.permissions.iter().collect()),
            ("trusts", (&manifest.trusts).into()),
            ("extra", manifest.extra.clone().unwrap_or(Self::Null)),
        ])
    }
}

impl From<&Group> for Json {
    fn from(group: &Group) -> Self {
        let signature = BASE64_STANDARD.encode(group.signature);
        object([("pubkey", Self::String(group.pubkey.to_string())), ("signature", Self::String(signature))])
    }
}

impl From<&Abi> for Json {
    fn from(abi: &Abi) -> Self {
        object([("methods", abi.methods.iter().collect()), ("events", abi.events.iter().collect())])
    }
}

impl From<&Method> for Json {
    fn from(method: &Method) -> Self {
        object([
            ("name", (&*method.name).into()),
            ("parameters", method.parameters.iter().collect()),
            ("returntype", method.return_type.name().into()),
            ("offset", Self::Number(method.offset.into())),
            ("safe", Self::Bool(method.safe)),
        ])
    }
}

impl From<&Event> for Json {
    fn from(event: &Event) -> Self {
        object([("name", (&*event.name).into()), ("parameters", event.parameters.iter().collect())])
    }
}

impl From<&Parameter> for Json {
    fn from(parameter: &Parameter) -> Self {
        object([("name", (&*parameter.name).into()), ("type", parameter.parameter_type.name().into())])
    }
}

impl From<&Permission> for Json {
    fn from(permission: &Permission) -> Self {
        let methods = match &permission.methods {
            Wildcard::Any => "*".into(),
            Wildcard::List(names) => names.iter().map(|name| &**name).collect(),
        };
        object([("contract", (&permission.contract).into()), ("methods", methods)])
    }
}

impl From<&ContractDescriptor> for Json {
    fn from(contract: &ContractDescriptor) -> Self {
        Self::String(contract.to_string())
    }
}

impl From<&Wildcard<ContractDescriptor>> for Json {
    fn from(contracts: &Wildcard<ContractDescriptor>) -> Self {
        match contracts {
            Wildcard::Any => "*".into(),
            Wildcard::List(contracts) => contracts.iter().collect(),
        }
    }
}

/// Serializes these types in the form that they have in a manifest.
macro_rules! serialize_as_json {
    ($($name:ty),*) => {
        $(impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                Json::from(self).serialize(serializer)
            }
        })*
    };
}

serialize_as_json!(Manifest, Group, Abi, Method, Event, Parameter, Permission, ContractDescriptor);

fn array<'a, T: 'a>(items: impl IntoIterator<Item = &'a T>, form: impl Fn(&'a T) -> StackItem) -> StackItem {
    StackItem::array(items.into_iter().map(form).collect::<Vec<_>>())
}

fn text(text: &str) -> StackItem {
    text.into()
}

impl Manifest {
    /// Returns the manifest as the stack item that a node stores: the bytes of
    /// `extra` in it are those of [`Json`]'s `Display`.
    pub fn to_stack_item(&self) -> StackItem {
        let trusts = match &self.trusts {
            Wildcard::Any => StackItem::Null,
            Wildcard::List(contracts) => array(contracts, StackItem::from),
        };
        StackItem::structure([
            text(&self.name),
            array(&self.groups, |group| StackItem::structure([(&group.pubkey).into(), group.signature[..].into()])),
            StackItem::map(),
            array(&self.supported_standards, |name| text(name)),
            self.abi.to_stack_item(),
            array(&self.permissions, Permission::to_stack_item),
            trusts,
            self.extra.as_ref().unwrap_or(&Json::Null).to_string().into(),
        ])
    }
}

impl Abi {
    fn to_stack_item(&self) -> StackItem {
        let methods = array(&self.methods, |method| {
            StackItem::structure([
                text(&method.name),
                parameters(&method.parameters),
                type_byte(method.return_type),
                i64::from(method.offset).into(),
                method.safe.into(),
            ])
        });
        let events =
            array(&self.events, |event| StackItem::structure([text(&event.name), parameters(&event.parameters)]));
        StackItem::structure([methods, events])
    }
}

fn parameters(parameters: &[Parameter]) -> StackItem {
    array(parameters, |parameter| StackItem::structure([text(&parameter.name), type_byte(parameter.parameter_type)]))
}

fn type_byte(parameter_type: ParameterType) -> StackItem {
    i64::from(parameter_type as u8).into()
}

impl Permission {
    fn to_stack_item(&self) -> StackItem {
        let methods = match &self.methods {
            Wildcard::Any => StackItem::Null,
            Wildcard::List(names) => array(names, |name| text(name)),
        };
        StackItem::structure([(&self.contract).into(), methods])
    }
}

impl From<&ContractDescriptor> for StackItem {
    fn from(contract: &ContractDescriptor) -> Self {
        match contract {
            ContractDescriptor::Any => Self::Null,
            ContractDescriptor::Hash(hash) => hash.0[..].into(),
            ContractDescriptor::Group(key) => key.into(),
        }
    }
}
