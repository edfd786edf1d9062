//! Signers: whose agreement a transaction has, and where it counts.

use std::{borrow::Cow, fmt, str::FromStr};

use neovm_types::{
    Hash160, PublicKey, StackItem,
    io::{ReadError, Reader, invalid, write_list},
    json::Json,
};

use crate::{
    byte_enum::{UnknownName, byte_enum},
    condition::Condition,
    json::{Field, FromJsonError, object},
};

bitflags::bitflags! {
    /// Where the witness of a [`Signer`] counts.
    ///
    /// Displayed and parsed with the names of the reference, separated by commas:
    /// `CalledByEntry, CustomContracts`.
    ///
    /// Source: `Payloads/WitnessScope.cs`.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
    pub struct WitnessScopes: u8 {
        /// In the entry script and in contracts that it calls.
        const CALLED_BY_ENTRY = 0x01;
        /// In the contracts of [`Signer::allowed_contracts`].
        const CUSTOM_CONTRACTS = 0x10;
        /// In contracts of the groups in [`Signer::allowed_groups`].
        const CUSTOM_GROUPS = 0x20;
        /// Where [`Signer::rules`] say so.
        const WITNESS_RULES = 0x40;
        /// Everywhere. Cannot be combined with other scopes.
        const GLOBAL = 0x80;
    }
}

impl WitnessScopes {
    /// Nowhere: the signer only pays the fees.
    pub const NONE: Self = Self::empty();

    const NAMES: [(&'static str, Self); 6] = [
        ("None", Self::NONE),
        ("CalledByEntry", Self::CALLED_BY_ENTRY),
        ("CustomContracts", Self::CUSTOM_CONTRACTS),
        ("CustomGroups", Self::CUSTOM_GROUPS),
        ("WitnessRules", Self::WITNESS_RULES),
        ("Global", Self::GLOBAL),
    ];

    /// Returns whether a signer can have these scopes together.
    pub fn is_allowed(self) -> bool {
        !self.contains(Self::GLOBAL) || self == Self::GLOBAL
    }
}

impl fmt::Display for WitnessScopes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = |scopes: Self| if self.is_empty() { scopes.is_empty() } else { self.intersects(scopes) };
        let names = Self::NAMES.iter().filter(|(_, scopes)| shown(*scopes));
        for (i, (name, _)) in names.enumerate() {
            write!(f, "{}{name}", if i > 0 { ", " } else { "" })?;
        }
        Ok(())
    }
}

impl FromStr for WitnessScopes {
    type Err = UnknownName;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.split(',').map(str::trim).try_fold(Self::NONE, |scopes, part| {
            let known = Self::NAMES.into_iter().find(|(name, _)| *name == part);
            let unknown = || UnknownName::new(part, Self::NAMES.into_iter().map(|(name, _)| name));
            known.map(|(_, named)| scopes | named).ok_or_else(unknown)
        })
    }
}

/// An account that agrees to a transaction, and where its witness counts.
///
/// Source: `Payloads/Signer.cs`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signer {
    /// The account.
    pub account: Hash160,
    /// Where the witness counts.
    pub scopes: WitnessScopes,
    /// The contracts in which the witness counts; at most 16, and none without
    /// [`WitnessScopes::CUSTOM_CONTRACTS`].
    pub allowed_contracts: Vec<Hash160>,
    /// The groups in whose contracts the witness counts; at most 16, and none
    /// without [`WitnessScopes::CUSTOM_GROUPS`].
    pub allowed_groups: Vec<PublicKey>,
    /// The rules that say where the witness counts; at most 16, and none without
    /// [`WitnessScopes::WITNESS_RULES`].
    pub rules: Vec<WitnessRule>,
}

impl Signer {
    /// The largest number of contracts, groups and rules, each.
    pub const MAX_SUBITEMS: usize = 16;

    /// Creates a signer with scopes that need no contracts, groups or rules.
    pub const fn new(account: Hash160, scopes: WitnessScopes) -> Self {
        Self { account, scopes, allowed_contracts: Vec::new(), allowed_groups: Vec::new(), rules: Vec::new() }
    }

    /// Reads a signer.
    ///
    /// # Errors
    /// [`ReadError`] for the first thing that is wrong, in the reference's order.
    pub fn read(reader: &mut Reader<'_>) -> Result<Self, ReadError> {
        let account = reader.hash160("signer's account")?;
        let start = reader.offset();
        let byte = reader.u8("signer's scopes")?;
        let scopes = WitnessScopes::from_bits(byte)
            .filter(|scopes| scopes.is_allowed())
            .ok_or_else(|| invalid(start, "signer's scopes", format_args!("are {byte:#04x}, which is not allowed")))?;
        let mut signer = Self::new(account, scopes);
        let limit = Self::MAX_SUBITEMS;
        if scopes.contains(WitnessScopes::CUSTOM_CONTRACTS) {
            let element = |reader: &mut Reader<'_>| reader.hash160("allowed contract");
            signer.allowed_contracts = reader.list("list of allowed contracts", limit, element)?;
        }
        if scopes.contains(WitnessScopes::CUSTOM_GROUPS) {
            let element = |reader: &mut Reader<'_>| reader.public_key("allowed group");
            signer.allowed_groups = reader.list("list of allowed groups", limit, element)?;
        }
        if scopes.contains(WitnessScopes::WITNESS_RULES) {
            signer.rules = reader.list("list of rules", limit, WitnessRule::read)?;
        }
        Ok(signer)
    }

    /// Appends the bytes of the signer. Contracts, groups and rules without their
    /// scope are left out.
    pub fn write(&self, bytes: &mut Vec<u8>) {
        bytes.extend(self.account.0);
        bytes.push(self.scopes.bits());
        if self.scopes.contains(WitnessScopes::CUSTOM_CONTRACTS) {
            write_list(bytes, &self.allowed_contracts, |hash, bytes| bytes.extend(hash.0));
        }
        if self.scopes.contains(WitnessScopes::CUSTOM_GROUPS) {
            write_list(bytes, &self.allowed_groups, |key, bytes| bytes.extend(key.0));
        }
        if self.scopes.contains(WitnessScopes::WITNESS_RULES) {
            write_list(bytes, &self.rules, WitnessRule::write);
        }
    }

    /// Returns a list if the signer has its scope, and an empty list otherwise.
    fn listed<'a, T>(&self, scope: WitnessScopes, list: &'a [T]) -> &'a [T] {
        if self.scopes.contains(scope) { list } else { &[] }
    }

    /// Returns the rules that the scopes stand for, in the order in which they are
    /// tried. The first whose condition holds decides; without one the witness does
    /// not count.
    pub fn all_rules(&self) -> impl Iterator<Item = Cow<'_, WitnessRule>> {
        let contracts = self.listed(WitnessScopes::CUSTOM_CONTRACTS, &self.allowed_contracts).iter();
        let groups = self.listed(WitnessScopes::CUSTOM_GROUPS, &self.allowed_groups).iter();
        let rules = self.listed(WitnessScopes::WITNESS_RULES, &self.rules).iter();
        let everywhere = (self.scopes == WitnessScopes::GLOBAL).then_some(Condition::Boolean(true));
        let by_entry = self.scopes.contains(WitnessScopes::CALLED_BY_ENTRY).then_some(Condition::CalledByEntry);
        (everywhere.into_iter().chain(by_entry))
            .chain(contracts.map(|hash| Condition::ScriptHash(*hash)))
            .chain(groups.map(|key| Condition::Group(*key)))
            .map(|condition| Cow::Owned(WitnessRule::allow(condition)))
            .chain(rules.map(Cow::Borrowed))
    }

    /// Returns the signer as contracts see it: an array of the account, the scopes,
    /// the allowed contracts, the allowed groups and the rules.
    pub fn to_stack_item(&self) -> StackItem {
        fn array<T>(list: &[T], item: impl Fn(&T) -> StackItem) -> StackItem {
            StackItem::array(list.iter().map(item).collect::<Vec<_>>())
        }
        let contracts = self.listed(WitnessScopes::CUSTOM_CONTRACTS, &self.allowed_contracts);
        let groups = self.listed(WitnessScopes::CUSTOM_GROUPS, &self.allowed_groups);
        let rules = self.listed(WitnessScopes::WITNESS_RULES, &self.rules);
        StackItem::array([
            self.account.into(),
            self.scopes.bits().into(),
            array(contracts, |hash| (*hash).into()),
            array(groups, |key| key.into()),
            array(rules, WitnessRule::to_stack_item),
        ])
    }

    /// Returns the JSON form that nodes use.
    pub fn to_json(&self) -> Json {
        let mut members = vec![
            ("account".into(), self.account.to_string().into()),
            ("scopes".into(), self.scopes.to_string().into()),
        ];
        let mut list = |scope, key: &str, items: Vec<Json>| {
            if self.scopes.contains(scope) {
                members.push((key.into(), Json::Array(items)));
            }
        };
        let hashes = self.allowed_contracts.iter().map(|hash| hash.to_string().into());
        let keys = self.allowed_groups.iter().map(|key| key.to_string().into());
        list(WitnessScopes::CUSTOM_CONTRACTS, "allowedcontracts", hashes.collect());
        list(WitnessScopes::CUSTOM_GROUPS, "allowedgroups", keys.collect());
        list(WitnessScopes::WITNESS_RULES, "rules", self.rules.iter().map(WitnessRule::to_json).collect());
        Json::Object(members)
    }

    /// Reads the JSON form that nodes use. Lists without their scope are ignored.
    ///
    /// # Errors
    /// [`FromJsonError`] for the first field that is wrong. Limits are those of
    /// [`Signer::read`].
    pub fn from_json(json: &Json) -> Result<Self, FromJsonError> {
        Self::from_field(Field { path: "signer".into(), value: json })
    }

    pub(crate) fn from_field(field: Field<'_>) -> Result<Self, FromJsonError> {
        let json = field.object()?;
        let account = json.required("account")?.parse(str::parse)?;
        let scopes = json.required("scopes")?;
        let mut signer = Self::new(account, scopes.parse(str::parse)?);
        if !signer.scopes.is_allowed() {
            return Err(FromJsonError::new(scopes.path, "has Global together with other scopes"));
        }
        let limit = Self::MAX_SUBITEMS;
        if signer.scopes.contains(WitnessScopes::CUSTOM_CONTRACTS) {
            signer.allowed_contracts =
                json.required("allowedcontracts")?.list(limit, |field| field.parse(str::parse))?;
        }
        if signer.scopes.contains(WitnessScopes::CUSTOM_GROUPS) {
            signer.allowed_groups = json.required("allowedgroups")?.list(limit, |field| field.parse(str::parse))?;
        }
        if signer.scopes.contains(WitnessScopes::WITNESS_RULES) {
            signer.rules = json.required("rules")?.list(limit, WitnessRule::from_field)?;
        }
        Ok(signer)
    }
}

byte_enum! {
    /// What a [`WitnessRule`] does where its condition holds.
    ///
    /// Source: `Payloads/WitnessRuleAction.cs`.
    pub enum WitnessRuleAction {
        /// The witness does not count.
        Deny = 0,
        /// The witness counts.
        Allow = 1,
    }
}

/// A rule that says whether a witness counts where a condition holds.
///
/// Source: `Payloads/WitnessRule.cs`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WitnessRule {
    /// Whether the witness counts.
    pub action: WitnessRuleAction,
    /// Where the rule applies.
    pub condition: Condition,
}

impl WitnessRule {
    /// Returns the rule that the witness counts where a condition holds.
    pub const fn allow(condition: Condition) -> Self {
        Self { action: WitnessRuleAction::Allow, condition }
    }

    /// Reads a rule.
    ///
    /// # Errors
    /// [`ReadError`] for the first thing that is wrong, in the reference's order.
    pub fn read(reader: &mut Reader<'_>) -> Result<Self, ReadError> {
        let start = reader.offset();
        let byte = reader.u8("rule's action")?;
        let action = WitnessRuleAction::from_byte(byte)
            .ok_or_else(|| invalid(start, "rule's action", format_args!("is {byte}, neither 0 nor 1")))?;
        Ok(Self { action, condition: Condition::read(reader)? })
    }

    /// Appends the bytes of the rule.
    pub fn write(&self, bytes: &mut Vec<u8>) {
        bytes.push(self.action as u8);
        self.condition.write(bytes);
    }

    /// Returns the rule as contracts see it: an array of the action and the condition.
    pub fn to_stack_item(&self) -> StackItem {
        StackItem::array([(self.action as u8).into(), self.condition.to_stack_item()])
    }

    /// Returns the JSON form that nodes use.
    pub fn to_json(&self) -> Json {
        object([("action", self.action.name().into()), ("condition", self.condition.to_json())])
    }

    /// Reads the JSON form that nodes use.
    ///
    /// # Errors
    /// [`FromJsonError`] for the first field that is wrong.
    pub fn from_json(json: &Json) -> Result<Self, FromJsonError> {
        Self::from_field(Field { path: "rule".into(), value: json })
    }

    fn from_field(field: Field<'_>) -> Result<Self, FromJsonError> {
        let json = field.object()?;
        Ok(Self {
            action: json.required("action")?.parse(str::parse)?,
            condition: Condition::from_field(json.required("condition")?, Condition::MAX_DEPTH)?,
        })
    }
}
