//! Deployed contracts.

use std::sync::{Arc, OnceLock};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use hashbrown::HashMap;
use neovm_engine::Engine;
use neovm_interp::Code;
use neovm_types::{
    FaultKind, Hash160, Manifest, MethodToken, NefFile, StackItem,
    json::Json,
    manifest::{ContractDescriptor, Method, Wildcard},
};
use smallvec::SmallVec;

use crate::{
    fault,
    stored::{deserialize, serialize},
};

/// A contract as the node stores it.
///
/// Source: `ContractState.cs` of the reference node.
#[derive(Clone, Debug, PartialEq)]
pub struct ContractState {
    /// The id, under which the contract's storage lies. Native contracts have
    /// negative ones.
    pub id: i32,
    /// The number of times that the contract was updated.
    pub update_counter: u16,
    /// The hash, which the contract keeps when it is updated.
    pub hash: Hash160,
    /// The NEF file.
    pub nef: NefFile,
    /// The manifest.
    pub manifest: Manifest,
}

impl ContractState {
    /// Returns the contract as an item, as scripts see it and as it is stored.
    ///
    /// # Errors
    /// A fault if the NEF file is too large to be one.
    pub fn to_item(&self) -> Result<StackItem, FaultKind> {
        Ok(self.item_of(&self.nef.to_bytes().map_err(fault)?, self.manifest.to_stack_item()))
    }

    /// The item, given the bytes of the NEF file and the item of the manifest.
    fn item_of(&self, nef: &[u8], manifest: StackItem) -> StackItem {
        let update_counter = i32::from(self.update_counter);
        StackItem::array([self.id.into(), update_counter.into(), self.hash.into(), nef.into(), manifest])
    }

    /// Returns the bytes that are stored.
    ///
    /// # Errors
    /// A fault if the contract is too large for a storage item.
    pub fn to_bytes(&self) -> Result<Vec<u8>, FaultKind> {
        serialize(&self.to_item()?)
    }

    /// Returns the bytes that are stored as [`ContractState::to_bytes`] does, given the bytes of the NEF file and the
    /// item of the manifest.
    pub(crate) fn bytes_of(&self, nef: &[u8], manifest: StackItem) -> Result<Vec<u8>, FaultKind> {
        serialize(&self.item_of(nef, manifest))
    }

    /// Reads a contract from the bytes that are stored.
    ///
    /// # Errors
    /// A fault if the bytes are no contract.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, FaultKind> {
        Self::from_item(&deserialize(bytes)?)
    }

    /// Reads a contract from an item, as [`ContractState::to_item`] makes it.
    ///
    /// # Errors
    /// A fault if the item is no contract.
    pub fn from_item(item: &StackItem) -> Result<Self, FaultKind> {
        let StackItem::Array(fields) = item else { return Err(fault("a stored contract is no array")) };
        let [id, update_counter, hash, nef, manifest] = &fields.to_vec()[..] else {
            return Err(fault("a stored contract has not five fields"));
        };
        let nef = nef.with_bytes(NefFile::parse_unchecked)?.map_err(fault)?;
        Ok(Self {
            id: id.to_i32()?,
            update_counter: u16::try_from(update_counter.to_i32()?).map_err(|_| FaultKind::Overflow)?,
            hash: Hash160(
                hash.with_bytes(|bytes| bytes.try_into())?.map_err(|_| fault("a stored hash has not 20 bytes"))?,
            ),
            nef,
            manifest: Manifest::from_stack_item(manifest)?,
        })
    }

    /// Returns the JSON form that nodes use.
    ///
    /// Sources: `ContractState.cs`, `NefFile.cs`, `MethodToken.cs` (`ToJson`).
    pub fn to_json(&self) -> Json {
        object([
            ("id", Json::Number(self.id.into())),
            ("updatecounter", Json::Number(self.update_counter.into())),
            ("hash", self.hash.to_string().into()),
            ("nef", nef_json(&self.nef)),
            ("manifest", (&self.manifest).into()),
        ])
    }

    /// Returns whether the contract's manifest permits to call a method of another contract.
    ///
    /// Source: `ContractPermission.cs` (`IsAllowed`).
    pub fn can_call(&self, other: &Self, method: &str) -> bool {
        self.manifest.permissions.iter().any(|permission| {
            let is_contract = match &permission.contract {
                ContractDescriptor::Any => true,
                ContractDescriptor::Hash(hash) => *hash == other.hash,
                ContractDescriptor::Group(key) => other.manifest.groups.iter().any(|group| group.pubkey == *key),
            };
            is_contract
                && match &permission.methods {
                    Wildcard::Any => true,
                    Wildcard::List(names) => names.iter().any(|name| name == method),
                }
        })
    }
}

fn nef_json(nef: &NefFile) -> Json {
    let token = |token: &MethodToken| {
        object([
            ("hash", token.hash.to_string().into()),
            ("method", token.method.as_str().into()),
            ("paramcount", Json::Number(token.parameters_count.into())),
            ("hasreturnvalue", Json::Bool(token.has_return_value)),
            ("callflags", token.call_flags.to_string().into()),
        ])
    };
    object([
        ("magic", Json::Number(NefFile::MAGIC.into())),
        ("compiler", nef.compiler.as_str().into()),
        ("source", nef.source.as_str().into()),
        ("tokens", nef.tokens.iter().map(token).collect()),
        ("script", BASE64_STANDARD.encode(nef.script.bytes()).into()),
        ("checksum", Json::Number(nef.checksum().into())),
    ])
}

fn object<const N: usize>(members: [(&str, Json); N]) -> Json {
    Json::Object(members.map(|(key, value)| (key.into(), value)).into())
}

/// A contract, ready to be called: what executions share.
#[derive(Debug)]
pub struct Contract {
    state: ContractState,
    code: OnceLock<Arc<Code>>,
    /// The bytes of the NEF file.
    nef: OnceLock<Box<[u8]>>,
    /// Where `_initialize` starts, if the contract has it.
    initialize: Option<i32>,
    /// The methods by their names: the numbers of parameters and the places in
    /// the manifest.
    methods: HashMap<Box<str>, SmallVec<[(usize, usize); 1]>>,
}

impl Contract {
    /// Takes a contract's state.
    pub fn new(state: ContractState) -> Self {
        let initialize = state.manifest.abi.method("_initialize", Some(0)).map(|method| method.offset);
        let mut methods: HashMap<Box<str>, SmallVec<[(usize, usize); 1]>> = HashMap::new();
        for (place, method) in state.manifest.abi.methods.iter().enumerate() {
            methods.entry(method.name.as_str().into()).or_default().push((method.parameters.len(), place));
        }
        Self { state, code: OnceLock::new(), nef: OnceLock::new(), initialize, methods }
    }

    /// The state that is stored.
    pub fn state(&self) -> &ContractState {
        &self.state
    }

    /// Returns the contract as [`ContractState::to_item`] does. The bytes of the NEF file, and its checksum, are
    /// made once.
    ///
    /// # Errors
    /// As for [`ContractState::to_item`].
    pub fn to_item(&self) -> Result<StackItem, FaultKind> {
        let nef = match self.nef.get() {
            Some(nef) => nef,
            None => {
                let nef = self.state.nef.to_bytes().map_err(fault)?;
                self.nef.get_or_init(|| nef.into())
            }
        };
        Ok(self.state.item_of(nef, self.state.manifest.to_stack_item()))
    }

    /// Returns the position of `_initialize` in bytes, if the contract has it.
    pub fn initialize(&self) -> Option<i32> {
        self.initialize
    }

    /// Returns the method with a name and a number of parameters.
    pub fn method(&self, name: &str, parameters: usize) -> Option<&Method> {
        let (_, place) = self.methods.get(name)?.iter().find(|(count, _)| *count == parameters)?;
        self.state.manifest.abi.methods.get(*place)
    }

    /// The decoded script, if it was decoded.
    pub(crate) fn decoded(&self) -> Option<&Arc<Code>> {
        self.code.get()
    }

    /// Returns the decoded script, which is decoded at the first call.
    ///
    /// # Errors
    /// Those of [`Engine::prepare`].
    pub fn code(&self, engine: &Engine) -> Result<&Arc<Code>, FaultKind> {
        if let Some(code) = self.code.get() {
            return Ok(code);
        }
        let code = engine.prepare(&self.state.nef.script)?;
        Ok(self.code.get_or_init(|| code))
    }
}
