//! A compiled contract: its NEF file and its manifest, ready to be called.

use std::sync::Arc;

use neovm_interp::{Code, LoadOptions, Vm};
use neovm_types::{
    FaultKind, Manifest, ManifestError, NefError, NefFile, StackItem,
    manifest::{Abi, Method, ParameterType},
};

use crate::Engine;

/// A contract as it comes from a compiler.
#[derive(Clone, Debug)]
pub struct Contract {
    nef: NefFile,
    manifest: Manifest,
    code: Arc<Code>,
}

/// Why a contract cannot be opened or called.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ContractError {
    /// The NEF file is malformed.
    #[error("NEF file: {0}")]
    Nef(#[from] NefError),
    /// The manifest is malformed.
    #[error("manifest: {0}")]
    Manifest(#[from] ManifestError),
    /// The manifest lists no such method.
    #[error("no method {name:?} with {arguments} arguments; there are: {known}")]
    NoMethod {
        /// The method asked for.
        name: String,
        /// How many arguments it was to have.
        arguments: usize,
        /// The methods that there are, with their numbers of arguments.
        known: String,
    },
    /// The machine refused to load it.
    #[error("{0}")]
    Load(#[from] FaultKind),
}

impl Contract {
    /// Parses a contract's two files and decodes its script.
    ///
    /// # Errors
    /// [`ContractError`], which says what is wrong and where.
    pub fn open(engine: &Engine, nef: &[u8], manifest: &[u8]) -> Result<Self, ContractError> {
        let nef = NefFile::parse(nef)?;
        let manifest = Manifest::parse(manifest)?;
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

    /// The method of a name and a number of arguments.
    ///
    /// # Errors
    /// [`ContractError::NoMethod`] lists those that there are.
    pub fn method(&self, name: &str, arguments: usize) -> Result<&Method, ContractError> {
        self.manifest.abi.method(name, Some(arguments)).ok_or_else(|| {
            let known = self.manifest.abi.methods.iter();
            let known: Vec<_> = known.map(|method| format!("{}/{}", method.name, method.parameters.len())).collect();
            ContractError::NoMethod { name: name.into(), arguments, known: known.join(", ") }
        })
    }

    /// Loads a method with its arguments, the first one first, as a node does:
    /// it must leave one item, or none if it returns nothing, and `_initialize`,
    /// if there is one, runs before it.
    ///
    /// # Errors
    /// [`ContractError::NoMethod`], or [`ContractError::Load`] if the machine
    /// cannot take another context.
    pub fn load(&self, vm: &mut Vm, method: &str, arguments: Vec<StackItem>) -> Result<(), ContractError> {
        let method = self.method(method, arguments.len())?;
        Ok(load_method(vm, &self.code, &self.manifest.abi, method, arguments)?)
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
    // The manifest's parser lets no offset below zero through.
    let position = method.offset.max(0) as usize;
    vm.load(Arc::clone(code), LoadOptions { return_count, position, ..LoadOptions::default() })?;
    if let Some(initialize) = abi.method("_initialize", Some(0)) {
        vm.call(initialize.offset.into())?;
    }
    for argument in arguments.into_iter().rev() {
        vm.push(argument);
    }
    Ok(())
}
