//! What transactions and messages run over.

use std::{collections::BTreeMap, fmt, rc::Rc, sync::Arc};

use neovm_storage::Layer;
use revm::primitives::{Address, AddressSet, B256, Bytes};

use crate::{PrecompileCall, PrecompileError, Turns, state::BlockHashes};

/// The function of a precompiled contract of the embedder's.
pub type Precompile<'s> = dyn Fn(&mut PrecompileCall<'_, 's>) -> Result<Bytes, PrecompileError> + 's;

/// The world state: a layer of the storage, and what the embedder adds to the machine.
///
/// The layer may also hold the state of Neo N3's contracts: the keys of both never meet.
#[derive(Clone)]
pub struct World<'s> {
    pub(crate) layer: Rc<Layer<'s>>,
    pub(crate) precompiles: Rc<Custom<'s>>,
    pub(crate) block_hashes: Option<BlockHashes<'s>>,
    pub(crate) turns: Option<Arc<Turns>>,
}

/// Precompiled contracts beside those of the fork.
#[derive(Clone, Default)]
pub(crate) struct Custom<'s> {
    pub(crate) functions: BTreeMap<Address, Rc<Precompile<'s>>>,
    pub(crate) addresses: AddressSet,
}

impl<'s> World<'s> {
    /// Returns the world in a layer.
    pub fn new(layer: &Rc<Layer<'s>>) -> Self {
        Self { layer: Rc::clone(layer), precompiles: Rc::default(), block_hashes: None, turns: None }
    }

    /// Adds a precompiled contract, or replaces one, the fork's too.
    #[must_use]
    pub fn with_precompile(
        mut self,
        address: Address,
        function: impl Fn(&mut PrecompileCall<'_, 's>) -> Result<Bytes, PrecompileError> + 's,
    ) -> Self {
        let custom = Rc::make_mut(&mut self.precompiles);
        custom.functions.insert(address, Rc::new(function));
        custom.addresses.insert(address);
        self
    }

    /// Sets where BLOCKHASH finds the hashes of the last 256 blocks. What the function does not know is looked for
    /// in the store, see [`State::set_block_hash`](crate::State::set_block_hash).
    #[must_use]
    pub fn with_block_hashes(mut self, hash_of: impl Fn(u64) -> Option<B256> + 's) -> Self {
        self.block_hashes = Some(Rc::new(hash_of));
        self
    }

    /// Sets the turns that executions take with those of other threads once their memory is large. One that runs inside
    /// of another one, on the same thread, must not share them with it, but calls back of other machines take none.
    #[must_use]
    pub fn with_turns(mut self, turns: &Arc<Turns>) -> Self {
        self.turns = Some(Arc::clone(turns));
        self
    }

    /// Returns the layer.
    pub fn layer(&self) -> &Rc<Layer<'s>> {
        &self.layer
    }
}

impl fmt::Debug for World<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let precompiles: Vec<_> = self.precompiles.functions.keys().collect();
        f.debug_struct("World").field("layer", &self.layer).field("precompiles", &precompiles).finish()
    }
}
