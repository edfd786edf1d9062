//! Manifests from JSON values.

use alloc::{
    collections::BTreeSet,
    format,
    string::{String, ToString},
    vec::Vec,
};

use base64::{Engine, prelude::BASE64_STANDARD};
use serde_json::{Map, Value};

use super::{
    Abi, ContractDescriptor, Event, Group, Manifest, ManifestError, Method, Parameter, ParameterType, Permission,
    Wildcard,
};

type Result<T> = core::result::Result<T, ManifestError>;

/// A value, and the field that it is.
struct Field<'a> {
    path: String,
    value: &'a Value,
}

impl<'a> Field<'a> {
    fn wrong<T>(&self, what: impl Into<String>) -> Result<T> {
        let field = if self.path.is_empty() { "whole".into() } else { self.path.clone() };
        Err(ManifestError::Field { field, what: what.into() })
    }

    fn not_a<T>(&self, wanted: &str) -> Result<T> {
        let shown: String = self.value.to_string().chars().take(80).collect();
        self.wrong(format!("{shown} is not {wanted}"))
    }

    fn object(&self) -> Result<&'a Map<String, Value>> {
        self.value.as_object().map_or_else(|| self.not_a("an object"), Ok)
    }

    /// The field of an object; Null if it is missing.
    fn get(&self, name: &str) -> Result<Self> {
        let value = self.object()?.get(name).unwrap_or(&Value::Null);
        let path = if self.path.is_empty() { name.into() } else { format!("{}.{name}", self.path) };
        Ok(Self { path, value })
    }

    fn get_present(&self, name: &str) -> Result<Self> {
        let field = self.get(name)?;
        if field.value.is_null() { field.wrong("is missing") } else { Ok(field) }
    }

    fn items<T>(&self, read: impl Fn(&Self) -> Result<T>) -> Result<Vec<T>> {
        let Some(items) = self.value.as_array() else { return self.not_a("a list") };
        let item = |(i, value)| read(&Self { path: format!("{}[{i}]", self.path), value });
        items.iter().enumerate().map(item).collect()
    }

    /// The items of a list that may be missing.
    fn list<T>(&self, name: &str, read: impl Fn(&Self) -> Result<T>) -> Result<Vec<T>> {
        let field = self.get(name)?;
        if field.value.is_null() { Ok(Vec::new()) } else { field.items(read) }
    }

    fn wildcard<T>(&self, read: impl Fn(&Self) -> Result<T>) -> Result<Wildcard<T>> {
        match self.value {
            Value::String(text) if text == "*" => Ok(Wildcard::Any),
            Value::Array(_) => self.items(read).map(Wildcard::List),
            _ => self.not_a("\"*\" or a list"),
        }
    }

    fn text(&self) -> Result<&'a str> {
        self.value.as_str().map_or_else(|| self.not_a("a text"), Ok)
    }

    fn name(&self) -> Result<String> {
        match self.text()? {
            "" => self.wrong("is empty"),
            text => Ok(text.into()),
        }
    }

    fn parameter_type(&self) -> Result<ParameterType> {
        ParameterType::from_name(self.text()?).map_or_else(|| self.not_a("a parameter type"), Ok)
    }

    fn contract(&self) -> Result<ContractDescriptor> {
        let text = self.text()?;
        // The reference tells the kinds apart by their length: a hash starts with 0x.
        match text.parse() {
            Ok(contract) if matches!(text.len(), 1 | 42 | 66) => Ok(contract),
            _ => self.not_a("\"*\", a script hash or a public key"),
        }
    }

    /// Checks that no key occurs twice.
    fn unique<T, K: Ord>(&self, name: &str, items: &[T], key: impl Fn(&T) -> K) -> Result<()> {
        let mut seen = BTreeSet::new();
        match items.iter().position(|item| !seen.insert(key(item))) {
            Some(place) => {
                let separator = if self.path.is_empty() { "" } else { "." };
                let path = format!("{}{separator}{name}[{place}]", self.path);
                Self { path, value: self.value }.wrong("is there twice")
            }
            None => Ok(()),
        }
    }
}

pub(super) fn manifest(value: &Value) -> Result<Manifest> {
    let root = Field { path: String::new(), value };
    let name = root.get_present("name")?.name()?;
    let groups = root.list("groups", group)?;
    root.unique("groups", &groups, |group| group.pubkey.0)?;
    let features = root.get("features")?;
    if !features.value.is_null() && !features.object()?.is_empty() {
        return features.not_a("an empty object");
    }
    let supported_standards = root.list("supportedstandards", Field::name)?;
    root.unique("supportedstandards", &supported_standards, String::clone)?;
    let abi = abi(&root.get_present("abi")?)?;
    let permissions = root.list("permissions", permission)?;
    root.unique("permissions", &permissions, |permission| permission.contract.to_string())?;
    let trusts = match root.get("trusts")? {
        field if field.value.is_null() => Wildcard::List(Vec::new()),
        field => field.wildcard(Field::contract)?,
    };
    if let Wildcard::List(trusts) = &trusts {
        root.unique("trusts", trusts, ToString::to_string)?;
    }
    let extra = match root.get("extra")? {
        field if field.value.is_null() => None,
        field => Some(field.object()?.clone()),
    };
    Ok(Manifest { name, groups, features: Map::new(), supported_standards, abi, permissions, trusts, extra })
}

fn group(field: &Field<'_>) -> Result<Group> {
    let key = field.get_present("pubkey")?;
    let pubkey = key.text()?.parse().or_else(|_| key.not_a("a public key"))?;
    let text = field.get_present("signature")?;
    let signature = BASE64_STANDARD.decode(text.text()?).ok().and_then(|bytes| bytes.try_into().ok());
    let signature = signature.map_or_else(|| text.not_a("64 bytes in base64"), Ok)?;
    Ok(Group { pubkey, signature })
}

fn abi(field: &Field<'_>) -> Result<Abi> {
    let methods = field.list("methods", method)?;
    if methods.is_empty() {
        return field.get("methods")?.wrong("is empty");
    }
    field.unique("methods", &methods, |method| (method.name.clone(), method.parameters.len()))?;
    let events = field.list("events", event)?;
    field.unique("events", &events, |event| event.name.clone())?;
    Ok(Abi { methods, events })
}

fn method(field: &Field<'_>) -> Result<Method> {
    let Event { name, parameters } = event(field)?;
    let return_type = field.get_present("returntype")?.parameter_type()?;
    let place = field.get_present("offset")?;
    let offset = place.value.as_i64().and_then(|offset| i32::try_from(offset).ok()).filter(|&offset| offset >= 0);
    let offset = offset.map_or_else(|| place.not_a("an offset, an integer from 0 to 2147483647"), Ok)?;
    let safe = field.get_present("safe")?;
    let safe = safe.value.as_bool().map_or_else(|| safe.not_a("true or false"), Ok)?;
    Ok(Method { name, parameters, return_type, offset, safe })
}

fn event(field: &Field<'_>) -> Result<Event> {
    let name = field.get_present("name")?.name()?;
    let parameters = field.get_present("parameters")?.items(parameter)?;
    field.unique("parameters", &parameters, |parameter| parameter.name.clone())?;
    Ok(Event { name, parameters })
}

fn parameter(field: &Field<'_>) -> Result<Parameter> {
    let name = field.get_present("name")?.name()?;
    let kind = field.get_present("type")?;
    match kind.parameter_type()? {
        ParameterType::Void => kind.not_a("the type of a parameter"),
        parameter_type => Ok(Parameter { name, parameter_type }),
    }
}

fn permission(field: &Field<'_>) -> Result<Permission> {
    let contract = field.get_present("contract")?.contract()?;
    let methods = field.get_present("methods")?.wildcard(Field::name)?;
    if let Wildcard::List(methods) = &methods {
        field.unique("methods", methods, String::clone)?;
    }
    Ok(Permission { contract, methods })
}
