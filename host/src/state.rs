//! What nodes read of the state of a chain.

use std::{fmt, rc::Rc, sync::Arc};

use neovm_chain::{AttributeType, Transaction, TrimmedBlock};
use neovm_storage::{Layer, Store};
use neovm_types::{FaultKind, Gas, Hardfork, Hash160, Hash256, Integer, manifest::PublicKey};

use crate::{
    contract::Contract,
    fault,
    native::{contract_management, fungible, gas_token, ledger, neo_token, notary, oracle, policy, role_management},
    network::Network,
    settings::ProtocolSettings,
};

/// The state of a chain after its last block, as a node reads it that verifies
/// transactions or answers questions. Nothing is executed.
///
/// All methods return a fault if the storage cannot be read, lacks what every chain
/// has, or is damaged. What was read once is remembered.
pub struct StateView<'s> {
    network: &'s Network,
    layer: Rc<Layer<'s>>,
}

/// Blocks and transactions.
#[expect(clippy::missing_errors_doc, reason = "the errors are the same and stand at the type")]
impl<'s> StateView<'s> {
    /// Reads a store, which must hold a genesis block.
    pub fn new(network: &'s Network, store: &'s dyn Store) -> Self {
        Self { network, layer: Layer::over(store) }
    }

    /// The settings of the network.
    pub fn settings(&self) -> &'s ProtocolSettings {
        self.network.settings()
    }

    /// Returns the index of the last block.
    pub fn height(&self) -> Result<u32, FaultKind> {
        ledger::current_index(&self.layer)
    }

    /// Returns the hash of the last block.
    pub fn last_hash(&self) -> Result<Hash256, FaultKind> {
        ledger::current_hash(&self.layer)
    }

    /// Returns the hash of the block at an index, if it is there.
    pub fn block_hash(&self, index: u32) -> Result<Option<Hash256>, FaultKind> {
        ledger::block_hash(&self.layer, index)
    }

    /// Returns the block with a hash, if it is there.
    pub fn block(&self, hash: Hash256) -> Result<Option<TrimmedBlock>, FaultKind> {
        ledger::trimmed_block(&self.layer, hash)
    }

    /// Returns a transaction and the index of its block, if it is there.
    pub fn transaction(&self, hash: Hash256) -> Result<Option<(Transaction, u32)>, FaultKind> {
        ledger::transaction_and_index(&self.layer, hash)
    }

    /// Returns whether a transaction is in a block.
    ///
    /// Source: `LedgerContract.cs` (`ContainsTransaction`) of the reference node.
    pub fn contains_transaction(&self, hash: Hash256) -> Result<bool, FaultKind> {
        Ok(self.transaction(hash)?.is_some())
    }

    /// Returns whether a traceable transaction that one of the signers signed names
    /// this hash in an attribute Conflicts.
    ///
    /// Source: `LedgerContract.cs` (`ContainsConflictHash`) of the reference node.
    pub fn contains_conflict(
        &self,
        hash: Hash256,
        signers: impl IntoIterator<Item = Hash160>,
    ) -> Result<bool, FaultKind> {
        let count = self.max_traceable_blocks()?;
        if !ledger::is_conflicting(&self.layer, hash, None, count)? {
            return Ok(false);
        }
        for signer in signers {
            if ledger::is_conflicting(&self.layer, hash, Some(signer), count)? {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

/// Contracts, tokens and nodes.
#[expect(clippy::missing_errors_doc, reason = "the errors are the same and stand at the type")]
impl StateView<'_> {
    /// Returns a contract, if it is deployed.
    pub fn contract(&self, hash: Hash160) -> Result<Option<Arc<Contract>>, FaultKind> {
        let stored = self.layer.get(&contract_management::contract_key(hash)).map_err(fault)?;
        stored.map(|stored| self.network.contract(hash, &stored)).transpose()
    }

    /// Returns the GAS of an account, in datoshi.
    pub fn gas_balance(&self, account: Hash160) -> Result<Integer, FaultKind> {
        fungible::balance_of::<gas_token::Gas>(&self.layer, account)
    }

    /// Returns the GAS that an account has deposited with the contract Notary, in datoshi.
    pub fn notary_deposit(&self, account: Hash160) -> Result<Integer, FaultKind> {
        notary::balance_of(&self.layer, account)
    }

    /// Returns the account of the committee.
    pub fn committee_address(&self) -> Result<Hash160, FaultKind> {
        neo_token::committee_address(&self.layer)
    }

    /// Returns the keys of the validators of the next block, sorted.
    pub fn next_block_validators(&self) -> Result<Vec<PublicKey>, FaultKind> {
        neo_token::next_block_validators(&self.layer, self.settings())
    }

    /// Returns the keys of the validators whose account the next block names, as they sign the block after it, sorted:
    /// the next block may elect others.
    ///
    /// Source: `ConsensusContext.cs` (`Reset`) of the plugin DBFTPlugin of the reference node.
    pub fn validators_of_block_after_next(&self) -> Result<Vec<PublicKey>, FaultKind> {
        let next = self.height()?.wrapping_add(1);
        if neo_token::is_elected_in(self.settings(), next)? {
            neo_token::elected_validators(&self.layer, self.settings())
        } else {
            self.next_block_validators()
        }
    }

    /// Returns the keys of the nodes that answer oracle requests in the next block.
    pub fn oracle_nodes(&self) -> Result<Vec<PublicKey>, FaultKind> {
        let next = self.height()?.wrapping_add(1);
        role_management::designated(&self.layer, role_management::Role::Oracle, next)
    }

    /// Returns the GAS that was paid for the answer to an oracle request, in datoshi;
    /// none if no request with this number waits.
    pub fn gas_for_oracle_response(&self, request: u64) -> Result<Option<i64>, FaultKind> {
        Ok(oracle::stored_request(&self.layer, request)?.map(|request| request.gas_for_response))
    }
}

/// Policy.
#[expect(clippy::missing_errors_doc, reason = "the errors are the same and stand at the type")]
impl StateView<'_> {
    /// Returns whether an account is blocked.
    pub fn is_blocked(&self, account: Hash160) -> Result<bool, FaultKind> {
        policy::is_blocked(&self.layer, account)
    }

    /// Returns the network fee for a byte of a transaction, in datoshi.
    pub fn fee_per_byte(&self) -> Result<i64, FaultKind> {
        policy::fee_per_byte(&self.layer)
    }

    /// Returns the network fee for an attribute, in datoshi.
    pub fn attribute_fee(&self, attribute: AttributeType) -> Result<u32, FaultKind> {
        policy::attribute_fee(&self.layer, attribute)
    }

    /// Returns what a price unit costs, in datoshi, rounded down. The index tells
    /// the unit in which the price is stored: picoGAS from Faun on.
    ///
    /// Source: `PolicyContract.cs` (`GetExecFeeFactor`) of the reference node.
    pub fn exec_fee_factor(&self, index: u32) -> Result<i64, FaultKind> {
        let stored = policy::stored_exec_fee_factor(&self.layer)?;
        let is_pico = self.settings().hardforks.at(index) >= Hardfork::Faun;
        let datoshi = if is_pico { stored / Gas::PICO_PER_DATOSHI } else { stored };
        i64::try_from(datoshi).map_err(|_| FaultKind::Overflow)
    }

    /// Returns the number of blocks that a transaction may be valid for.
    ///
    /// Source: `NeoSystemExtensions.cs` of the reference node.
    pub fn max_valid_until_block_increment(&self) -> Result<u32, FaultKind> {
        self.by_policy(policy::max_valid_until_block_increment, self.settings().max_valid_until_block_increment)
    }

    /// Returns the number of blocks that contracts can read.
    ///
    /// Source: `NeoSystemExtensions.cs` of the reference node.
    pub fn max_traceable_blocks(&self) -> Result<u32, FaultKind> {
        self.by_policy(policy::max_traceable_blocks, self.settings().max_traceable_blocks)
    }

    /// Returns the milliseconds between two blocks.
    ///
    /// Source: `NeoSystemExtensions.cs` of the reference node.
    pub fn milliseconds_per_block(&self) -> Result<u32, FaultKind> {
        self.by_policy(policy::milliseconds_per_block, self.settings().milliseconds_per_block)
    }

    /// A value that policy holds from Echidna on, and the settings before.
    fn by_policy(
        &self,
        read: impl Fn(&Layer<'_>) -> Result<u32, FaultKind>,
        configured: u32,
    ) -> Result<u32, FaultKind> {
        let is_stored = self.settings().hardforks.at(self.height()?) >= Hardfork::Echidna;
        if is_stored { read(&self.layer) } else { Ok(configured) }
    }
}

impl fmt::Debug for StateView<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StateView").finish_non_exhaustive()
    }
}
