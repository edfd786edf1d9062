//! Manifests from JSON values.

use alloc::{
    collections::BTreeSet,
    format,
    string::{String, ToString},
    vec::Vec,
};

use super::{
    Abi, ContractDescriptor, Event, Group, Manifest, ManifestError, Method, Parameter, ParameterType, Permission,
    PublicKey, Wildcard,
};
use crate::{base64, json::Json, text};

type Result<T> = core::result::Result<T, ManifestError>;

/// A value, and where it stands in the manifest.
#[derive(Clone, Copy)]
struct Field<'p, 'a> {
    /// What it is part of, and which part; none if it is the whole.
    place: Option<(&'p Field<'p, 'a>, Part)>,
    value: &'a Json,
}

/// A part of a value.
#[derive(Clone, Copy)]
enum Part {
    Member(&'static str),
    Item(usize),
}

impl<'a> Field<'_, 'a> {
    /// The path in the manifest, which only errors show: empty for the whole.
    fn path(&self) -> String {
        let Some((whole, part)) = self.place else { return String::new() };
        let path = whole.path();
        match part {
            Part::Member(name) if path.is_empty() => name.into(),
            Part::Member(name) => format!("{path}.{name}"),
            Part::Item(index) => format!("{path}[{index}]"),
        }
    }

    /// Returns a part, given its value.
    fn part(&self, part: Part, value: &'a Json) -> Field<'_, 'a> {
        Field { place: Some((self, part)), value }
    }

    fn wrong<T>(&self, what: impl Into<String>) -> Result<T> {
        let field = Some(self.path()).filter(|path| !path.is_empty()).unwrap_or_else(|| "whole".into());
        Err(ManifestError::Field { field, what: what.into() })
    }

    fn not_a<T>(&self, wanted: &str) -> Result<T> {
        self.wrong(format!("{} is not {wanted}", text::shown(&self.value.to_string())))
    }

    fn is_null(&self) -> bool {
        *self.value == Json::Null
    }

    /// Returns a member of an object; a missing one is null.
    fn get(&self, name: &'static str) -> Result<Field<'_, 'a>> {
        if !matches!(self.value, Json::Object(_)) {
            return self.not_a("an object");
        }
        Ok(self.part(Part::Member(name), self.value.get(name).unwrap_or(&Json::Null)))
    }

    /// Returns a member that must be there.
    fn get_present(&self, name: &'static str) -> Result<Field<'_, 'a>> {
        let field = self.get(name)?;
        if field.is_null() { field.wrong("is missing") } else { Ok(field) }
    }

    fn items<T>(&self, read: impl Fn(&Field<'_, 'a>) -> Result<T>) -> Result<Vec<T>> {
        let Json::Array(items) = self.value else { return self.not_a("a list") };
        items.iter().enumerate().map(|(index, value)| read(&self.part(Part::Item(index), value))).collect()
    }

    /// Returns the items of a list; a missing one is empty.
    fn list<T>(&self, name: &'static str, read: impl Fn(&Field<'_, 'a>) -> Result<T>) -> Result<Vec<T>> {
        let field = self.get(name)?;
        if field.is_null() { Ok(Vec::new()) } else { field.items(read) }
    }

    fn wildcard<T>(&self, read: impl Fn(&Field<'_, 'a>) -> Result<T>) -> Result<Wildcard<T>> {
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
    fn unique<'t, T, K: Ord>(&self, name: &'static str, items: &'t [T], key: impl Fn(&'t T) -> K) -> Result<()> {
        if items.len() < 2 {
            return Ok(());
        }
        let mut seen = BTreeSet::new();
        match items.iter().position(|item| !seen.insert(key(item))) {
            Some(index) => {
                let list = self.part(Part::Member(name), self.value);
                list.part(Part::Item(index), self.value).wrong("occurs twice")
            }
            None => Ok(()),
        }
    }
}

pub(super) fn manifest(value: &Json) -> Result<Manifest> {
    let root = Field { place: None, value };
    let name = root.get_present("name")?.name()?;
    let groups = root.list("groups", group)?;
    root.unique("groups", &groups, |group| group.pubkey.0)?;
    let features = root.get_present("features")?;
    if *features.value != Json::Object(Vec::new()) {
        return features.not_a("an empty object");
    }
    let supported_standards = root.list("supportedstandards", |field| field.name())?;
    root.unique("supportedstandards", &supported_standards, String::as_str)?;
    let abi = abi(&root.get_present("abi")?)?;
    let permissions = root.list("permissions", permission)?;
    root.unique("permissions", &permissions, |permission| contract_key(&permission.contract))?;
    let trusts = root.get_present("trusts")?.wildcard(|field| field.contract())?;
    if let Wildcard::List(trusts) = &trusts {
        root.unique("trusts", trusts, contract_key)?;
    }
    let extra = root.get("extra")?;
    let extra = match extra.value {
        Json::Null => None,
        Json::Object(_) => Some(extra.value.clone()),
        _ => return extra.not_a("an object"),
    };
    Ok(Manifest { name, groups, supported_standards, abi, permissions, trusts, extra })
}

/// Tells contracts apart: the bytes of a hash, those of a group's key, and none for all.
fn contract_key(contract: &ContractDescriptor) -> &[u8] {
    match contract {
        ContractDescriptor::Any => &[],
        ContractDescriptor::Hash(hash) => &hash.0,
        ContractDescriptor::Group(key) => &key.0,
    }
}

fn group(field: &Field<'_, '_>) -> Result<Group> {
    let key = field.get_present("pubkey")?;
    // The reference verifies the signature with the point as it is given.
    let pubkey = PublicKey::parse_point(key.text()?).or_else(|error| key.wrong(format!("{error}")))?;
    let text = field.get_present("signature")?;
    let signature = base64::decode(text.text()?).ok().and_then(|bytes| bytes.try_into().ok());
    let signature = signature.map_or_else(|| text.not_a("64 bytes in base64"), Ok)?;
    Ok(Group { pubkey, signature })
}

fn abi(field: &Field<'_, '_>) -> Result<Abi> {
    let methods = field.list("methods", method)?;
    if methods.is_empty() {
        return field.get("methods")?.wrong("is empty");
    }
    field.unique("methods", &methods, |method| (method.name.as_str(), method.parameters.len()))?;
    let events = field.list("events", event)?;
    field.unique("events", &events, |event| &*event.name)?;
    Ok(Abi { methods, events })
}

fn method(field: &Field<'_, '_>) -> Result<Method> {
    let (name, parameters) = signature(field)?;
    let return_type = field.get_present("returntype")?.parameter_type()?;
    let offset = field.get_present("offset")?.offset()?;
    let safe = field.get_present("safe")?;
    let Json::Bool(safe) = *safe.value else { return safe.not_a("true or false") };
    Ok(Method { name, parameters, return_type, offset, safe })
}

fn event(field: &Field<'_, '_>) -> Result<Event> {
    let (name, parameters) = signature(field)?;
    Ok(Event { name: name.into(), parameters })
}

/// Reads what methods and events have in common.
fn signature(field: &Field<'_, '_>) -> Result<(String, Vec<Parameter>)> {
    let name = field.get_present("name")?.name()?;
    let parameters = field.get_present("parameters")?.items(parameter)?;
    field.unique("parameters", &parameters, |parameter| parameter.name.as_str())?;
    Ok((name, parameters))
}

fn parameter(field: &Field<'_, '_>) -> Result<Parameter> {
    let name = field.get_present("name")?.name()?;
    let kind = field.get_present("type")?;
    match kind.parameter_type()? {
        ParameterType::Void => kind.not_a("the type of a parameter"),
        parameter_type => Ok(Parameter { name, parameter_type }),
    }
}

fn permission(field: &Field<'_, '_>) -> Result<Permission> {
    let contract = field.get_present("contract")?.contract()?;
    let methods = field.get_present("methods")?.wildcard(|field| field.name())?;
    if let Wildcard::List(methods) = &methods {
        field.unique("methods", methods, String::as_str)?;
    }
    Ok(Permission { contract, methods })
}
