//! Manifests from JSON values.

use alloc::{
    collections::BTreeSet,
    format,
    string::{String, ToString},
    vec::Vec,
};

use base64::{
    Engine, alphabet,
    engine::{GeneralPurpose, GeneralPurposeConfig},
};

use super::{
    Abi, ContractDescriptor, Event, Group, Manifest, ManifestError, Method, Parameter, ParameterType, Permission,
    Wildcard,
};
use crate::json::Json;

/// Base64 as .NET reads it: padded, but bits after the last byte may be set.
const BASE64: GeneralPurpose =
    GeneralPurpose::new(&alphabet::STANDARD, GeneralPurposeConfig::new().with_decode_allow_trailing_bits(true));

type Result<T> = core::result::Result<T, ManifestError>;

/// A value, and its path in the manifest.
struct Field<'a> {
    path: String,
    value: &'a Json,
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

    fn is_null(&self) -> bool {
        *self.value == Json::Null
    }

    /// Returns a member of an object; a missing one is null.
    fn get(&self, name: &str) -> Result<Self> {
        if !matches!(self.value, Json::Object(_)) {
            return self.not_a("an object");
        }
        let value = self.value.get(name).unwrap_or(&Json::Null);
        let path = if self.path.is_empty() { name.into() } else { format!("{}.{name}", self.path) };
        Ok(Self { path, value })
    }

    /// Returns a member that must be there.
    fn get_present(&self, name: &str) -> Result<Self> {
        let field = self.get(name)?;
        if field.is_null() { field.wrong("is missing") } else { Ok(field) }
    }

    fn items<T>(&self, read: impl Fn(&Self) -> Result<T>) -> Result<Vec<T>> {
        let Json::Array(items) = self.value else { return self.not_a("a list") };
        let item = |(i, value)| read(&Self { path: format!("{}[{i}]", self.path), value });
        items.iter().enumerate().map(item).collect()
    }

    /// Returns the items of a list; a missing one is empty.
    fn list<T>(&self, name: &str, read: impl Fn(&Self) -> Result<T>) -> Result<Vec<T>> {
        let field = self.get(name)?;
        if field.is_null() { Ok(Vec::new()) } else { field.items(read) }
    }

    fn wildcard<T>(&self, read: impl Fn(&Self) -> Result<T>) -> Result<Wildcard<T>> {
        match self.value {
            Json::String(text) if text == "*" => Ok(Wildcard::Any),
            Json::Array(_) => self.items(read).map(Wildcard::List),
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
        self.text()?.parse().or_else(|_| self.not_a("a parameter type"))
    }

    fn contract(&self) -> Result<ContractDescriptor> {
        self.text()?.parse().or_else(|error| self.wrong(format!("{error}")))
    }

    /// Returns an integer from 0 to `i32::MAX`. The fraction of a number may be zero: `7.0` is one.
    fn offset(&self) -> Result<i32> {
        match *self.value {
            Json::Number(value) if value % 1.0 == 0.0 && (0.0..=f64::from(i32::MAX)).contains(&value) => {
                Ok(value as i32)
            }
            _ => self.not_a("an offset, an integer from 0 to 2147483647"),
        }
    }

    /// Checks that no two items of the list `name` have the same key.
    fn unique<T, K: Ord>(&self, name: &str, items: &[T], key: impl Fn(&T) -> K) -> Result<()> {
        let mut seen = BTreeSet::new();
        match items.iter().position(|item| !seen.insert(key(item))) {
            Some(place) => {
                let separator = if self.path.is_empty() { "" } else { "." };
                let path = format!("{}{separator}{name}[{place}]", self.path);
                Self { path, value: self.value }.wrong("occurs twice")
            }
            None => Ok(()),
        }
    }
}

pub(super) fn manifest(value: &Json) -> Result<Manifest> {
    let root = Field { path: String::new(), value };
    let name = root.get_present("name")?.name()?;
    let groups = root.list("groups", group)?;
    root.unique("groups", &groups, |group| group.pubkey.0)?;
    let features = root.get_present("features")?;
    if *features.value != Json::Object(Vec::new()) {
        return features.not_a("an empty object");
    }
    let supported_standards = root.list("supportedstandards", Field::name)?;
    root.unique("supportedstandards", &supported_standards, String::clone)?;
    let abi = abi(&root.get_present("abi")?)?;
    let permissions = root.list("permissions", permission)?;
    root.unique("permissions", &permissions, |permission| permission.contract.to_string())?;
    let trusts = root.get_present("trusts")?.wildcard(Field::contract)?;
    if let Wildcard::List(trusts) = &trusts {
        root.unique("trusts", trusts, ToString::to_string)?;
    }
    let extra = root.get("extra")?;
    let extra = match extra.value {
        Json::Null => None,
        Json::Object(_) => Some(extra.value.clone()),
        _ => return extra.not_a("an object"),
    };
    Ok(Manifest { name, groups, supported_standards, abi, permissions, trusts, extra })
}

fn group(field: &Field<'_>) -> Result<Group> {
    let key = field.get_present("pubkey")?;
    let pubkey = key.text()?.parse().or_else(|error| key.wrong(format!("{error}")))?;
    let text = field.get_present("signature")?;
    // .NET skips whitespace wherever it stands.
    let digits: Vec<u8> = text.text()?.bytes().filter(|byte| !matches!(byte, b' ' | b'\t' | b'\n' | b'\r')).collect();
    let signature = BASE64.decode(digits).ok().and_then(|bytes| bytes.try_into().ok());
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
    let (name, parameters) = signature(field)?;
    let return_type = field.get_present("returntype")?.parameter_type()?;
    let offset = field.get_present("offset")?.offset()?;
    let safe = field.get_present("safe")?;
    let Json::Bool(safe) = *safe.value else { return safe.not_a("true or false") };
    Ok(Method { name, parameters, return_type, offset, safe })
}

fn event(field: &Field<'_>) -> Result<Event> {
    let (name, parameters) = signature(field)?;
    Ok(Event { name: name.into(), parameters })
}

/// Reads what methods and events have in common.
fn signature(field: &Field<'_>) -> Result<(String, Vec<Parameter>)> {
    let name = field.get_present("name")?.name()?;
    let parameters = field.get_present("parameters")?.items(parameter)?;
    field.unique("parameters", &parameters, |parameter| parameter.name.clone())?;
    Ok((name, parameters))
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
