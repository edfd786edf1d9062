//! Who has signed.
//!
//! Sources: `ApplicationEngine.Runtime.cs` (`CheckWitnessInternal`), `Signer.cs`,
//! `Conditions/*.cs` of the reference node.

use std::{cell::RefMut, rc::Rc};

use neovm_chain::{Attribute, Condition, Signer, Transaction, WitnessRuleAction, WitnessScopes};
use neovm_interp::LoadId;
use neovm_storage::ContractsStamp;
use neovm_types::{CallFlags, FaultKind, Hash160, manifest::PublicKey};
use smallvec::SmallVec;

use super::{Container, Executor};
use crate::{
    fault,
    native::{ledger, oracle},
};

/// What the script that asked last found out about witnesses.
#[derive(Clone, Debug, Default)]
pub(super) struct Witnesses {
    /// The script, and the stamp of its layer then.
    of: Option<(LoadId, Option<ContractsStamp>)>,
    /// By account, whether the rules of a signer hold.
    known: SmallVec<[(Hash160, bool); 4]>,
    /// The transaction whose request an oracle answers.
    answered: Option<Rc<Transaction>>,
}

impl Executor<'_> {
    /// Returns whether an account has signed for the current script.
    ///
    /// # Errors
    /// A fault if the storage cannot be read, or must not be by the script's
    /// call flags.
    pub fn check_witness(&self, account: Hash160) -> Result<bool, FaultKind> {
        if self.has_signed_for_all(account) {
            return Ok(true);
        }
        if self.calling_hash() == Some(account) {
            return Ok(true);
        }
        match self.container {
            Container::None => Ok(false),
            Container::Transaction(transaction) => {
                let response = transaction.attributes.iter().find_map(|attribute| match attribute {
                    Attribute::OracleResponse(response) => Some(response.id),
                    _ => None,
                });
                match response {
                    None => self.has_signed(&transaction.signers, account),
                    Some(id) => self.has_signed(&self.answered(id)?.signers, account),
                }
            }
            Container::Block(block) => {
                self.require(CallFlags::READ_STATES)?;
                Ok(ledger::block_signer(self.layer(), block)? == account)
            }
        }
    }

    /// Returns the transaction that asked an oracle, whose answer is being executed.
    fn answered(&self, id: u64) -> Result<Rc<Transaction>, FaultKind> {
        if let Some(known) = &self.witnesses()?.answered {
            return Ok(Rc::clone(known));
        }
        let request = oracle::stored_request(self.layer(), id)?;
        let request = request.ok_or_else(|| fault(format!("there is no oracle request {id}")))?;
        let original = ledger::transaction(self.layer(), request.original)?;
        let original = Rc::new(original.ok_or_else(|| fault("the transaction of the request is unknown"))?);
        self.witnesses()?.answered = Some(Rc::clone(&original));
        Ok(original)
    }

    /// Returns whether an account's signature holds here, whoever called. The
    /// script that called counts as a signer, too, but its hash takes time.
    fn has_signed_for_all(&self, account: Hash160) -> bool {
        let signer = self.transaction().and_then(|transaction| {
            let is_answer = |attribute: &Attribute| matches!(attribute, Attribute::OracleResponse(_));
            let signer = transaction.signers.iter().find(|signer| signer.account == account);
            signer.filter(|_| !transaction.attributes.iter().any(is_answer))
        });
        signer.is_some_and(|signer| {
            signer.scopes == WitnessScopes::GLOBAL
                || signer.scopes.contains(WitnessScopes::CALLED_BY_ENTRY) && self.is_called_by_entry()
        })
    }

    /// Returns what the current script has found out. Neither its calling script nor
    /// the transaction changes, and an oracle's request stays once it is there.
    fn witnesses(&self) -> Result<RefMut<'_, Witnesses>, FaultKind> {
        let frame = self.frame()?;
        let of = Some((frame.load, frame.layer.contracts_stamp()));
        let mut witnesses = self.witnesses.borrow_mut();
        if witnesses.of != of {
            *witnesses = Witnesses { of, ..Witnesses::default() };
        }
        Ok(witnesses)
    }

    fn has_signed(&self, signers: &[Signer], account: Hash160) -> Result<bool, FaultKind> {
        let Some(signer) = signers.iter().find(|signer| signer.account == account) else { return Ok(false) };
        if let Some((_, holds)) = self.witnesses()?.known.iter().find(|(known, _)| *known == account) {
            return Ok(*holds);
        }
        let holds = self.rules_hold(signer)?;
        self.witnesses()?.known.push((account, holds));
        Ok(holds)
    }

    fn rules_hold(&self, signer: &Signer) -> Result<bool, FaultKind> {
        for rule in signer.all_rules() {
            if self.matches(&rule.condition)? {
                return Ok(rule.action == WitnessRuleAction::Allow);
            }
        }
        Ok(false)
    }

    fn matches(&self, condition: &Condition) -> Result<bool, FaultKind> {
        match condition {
            Condition::Boolean(value) => Ok(*value),
            Condition::Not(inner) => Ok(!self.matches(inner)?),
            Condition::And(all) => {
                for condition in all {
                    if !self.matches(condition)? {
                        return Ok(false);
                    }
                }
                Ok(true)
            }
            Condition::Or(any) => {
                for condition in any {
                    if self.matches(condition)? {
                        return Ok(true);
                    }
                }
                Ok(false)
            }
            Condition::ScriptHash(hash) => Ok(self.current_hash()? == *hash),
            Condition::Group(key) => {
                self.require(CallFlags::READ_STATES)?;
                self.is_in_group(self.current_hash().ok(), key)
            }
            Condition::CalledByEntry => Ok(self.is_called_by_entry()),
            Condition::CalledByContract(hash) => Ok(self.calling_hash() == Some(*hash)),
            Condition::CalledByGroup(key) => {
                self.require(CallFlags::READ_STATES)?;
                self.is_in_group(self.calling_hash(), key)
            }
        }
    }

    fn is_in_group(&self, contract: Option<Hash160>, key: &PublicKey) -> Result<bool, FaultKind> {
        let contract = contract.map(|hash| self.contract(hash)).transpose()?.flatten();
        let groups = contract.as_ref().map_or(&[][..], |contract| &contract.state().manifest.groups);
        Ok(groups.iter().any(|group| group.pubkey == *key))
    }
}
