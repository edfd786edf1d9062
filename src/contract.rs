//! A compiled contract: its NEF file and its manifest, ready to be called.

use std::{collections::BTreeSet, sync::Arc};

use neovm_interp::{Code, LoadOptions, Vm};
use neovm_types::{
    FaultKind, Manifest, ManifestError, NefError, NefFile, Script, StackItem,
    manifest::{Abi, Method, ParameterType},
};

use crate::Engine;

/// A contract as a compiler writes it: a NEF file and a manifest.
#[derive(Clone, Debug)]
pub struct Contract {
    nef: NefFile,
    manifest: Manifest,
    code: Arc<Code>,
}

/// Why a contract cannot be opened or called.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ContractError {
    /// The NEF file is malformed.
    #[error("NEF file: {0}")]
    Nef(#[from] NefError),
    /// The manifest is malformed.
    #[error("manifest: {0}")]
    Manifest(#[from] ManifestError),
    /// A method of the manifest does not start at an instruction of the script. Most
    /// likely the manifest belongs to another contract.
    #[error("method {method:?} starts at byte {offset}, where the script has no instruction")]
    MethodOffset {
        /// The method.
        method: String,
        /// Where the manifest says that it starts, in bytes.
        offset: i32,
    },
    /// The manifest has no method of that name.
    #[error("there is no method {name:?}; there are: {known}")]
    NoMethod {
        /// The name asked for.
        name: String,
        /// The methods of the contract, with their parameters.
        known: String,
    },
    /// The method takes another number of arguments.
    #[error("{name} needs {needed}, got {given}")]
    ArgumentCount {
        /// The method.
        name: String,
        /// What it needs; several methods may have that name.
        needed: String,
        /// The number of arguments that were given.
        given: usize,
    },
    /// The machine cannot load it.
    #[error("{0}")]
    Load(#[from] FaultKind),
}

impl Contract {
    /// Parses the two files of a contract, checks that they belong together as far
    /// as that can be seen, and decodes the script.
    ///
    /// # Errors
    /// [`ContractError`], which says what is wrong and where.
    pub fn open(engine: &Engine, nef: &[u8], manifest: &[u8]) -> Result<Self, ContractError> {
        let nef = NefFile::parse(nef)?;
        let manifest = Manifest::parse(manifest)?;
        check_methods(&nef.script, &manifest.abi)?;
        let code = engine.prepare(&nef.script)?;
        Ok(Self { nef, manifest, code })
    }

    /// The NEF file.
    pub fn nef(&self) -> &NefFile {
        &self.nef
    }

    /// The manifest.
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// Returns the method of a name that takes that number of arguments.
    ///
    /// # Errors
    /// Those of [`find_method`].
    pub fn method(&self, name: &str, arguments: usize) -> Result<&Method, ContractError> {
        find_method(&self.manifest.abi, name, arguments)
    }

    /// Loads a method with its arguments, the first one on top of the stack, as a
    /// node does: the method must leave one item, or none if it returns nothing, and
    /// `_initialize`, if the contract has it, runs first.
    ///
    /// # Errors
    /// Those of [`find_method`], or [`ContractError::Load`] if the machine cannot
    /// take another context.
    pub fn load(&self, vm: &mut Vm, method: &str, arguments: Vec<StackItem>) -> Result<(), ContractError> {
        let method = self.method(method, arguments.len())?;
        Ok(load_method(vm, &self.code, &self.manifest.abi, method, arguments)?)
    }
}

/// Finds the method of a name that takes that number of arguments.
///
/// # Errors
/// [`ContractError::NoMethod`] or [`ContractError::ArgumentCount`]; their texts say
/// what there is instead.
pub fn find_method<'a>(abi: &'a Abi, name: &str, arguments: usize) -> Result<&'a Method, ContractError> {
    if let Some(method) = abi.method(name, Some(arguments)) {
        return Ok(method);
    }
    let same_name: Vec<String> = abi.methods.iter().filter(|method| method.name == name).map(Method::needs).collect();
    if same_name.is_empty() {
        let known: Vec<String> = abi.methods.iter().map(ToString::to_string).collect();
        return Err(ContractError::NoMethod { name: name.into(), known: known.join(", ") });
    }
    let needed = same_name.join(" or ");
    Err(ContractError::ArgumentCount { name: name.into(), needed, given: arguments })
}

/// Checks that each method starts at an instruction of the script.
///
/// Nodes check that when a contract is deployed. Source: `Helper.cs` of the
/// reference node (`Check`).
///
/// # Errors
/// [`ContractError::MethodOffset`] for the first method that does not.
pub fn check_methods(script: &Script, abi: &Abi) -> Result<(), ContractError> {
    let whole = script.instructions().filter(|(_, instruction)| instruction.is_ok());
    let starts: BTreeSet<usize> = whole.map(|(position, _)| position).collect();
    let starts_there = |method: &&Method| usize::try_from(method.offset).is_ok_and(|offset| starts.contains(&offset));
    match abi.methods.iter().find(|method| !starts_there(method)) {
        Some(Method { name, offset, .. }) => Err(ContractError::MethodOffset { method: name.clone(), offset: *offset }),
        None => Ok(()),
    }
}

/// Loads a method of decoded code with its arguments, as [`Contract::load`] does.
///
/// # Errors
/// Those of [`Vm::load`] and [`Vm::call`].
pub fn load_method(
    vm: &mut Vm,
    code: &Arc<Code>,
    abi: &Abi,
    method: &Method,
    arguments: Vec<StackItem>,
) -> Result<(), FaultKind> {
    let return_count = i32::from(method.return_type != ParameterType::Void);
    // The parser of manifests refuses negative offsets.
    let position = method.offset.max(0) as usize;
    vm.load(Arc::clone(code), LoadOptions::default().with_return_count(return_count).with_position(position))?;
    if let Some(initialize) = abi.method("_initialize", Some(0)) {
        vm.call(initialize.offset.into())?;
    }
    for argument in arguments.into_iter().rev() {
        vm.push(argument);
    }
    Ok(())
}
