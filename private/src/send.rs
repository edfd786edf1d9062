//! Transactions as a wallet makes them: their fees follow from a test run and from what their witnesses cost.
//!
//! Source: `Wallets/Wallet.cs` (`MakeTransaction`) of the reference node.

use std::sync::Arc;

use neovm_chain::{Attribute, Signer, Transaction, UnsignedTransaction, Witness};
use neovm_host::{Chain, Invocation, Receipt, StateView};
use neovm_node::verify::network_fee;
use neovm_storage::{StoreError, checked};
use neovm_types::{Fault, FaultKind, Hash160, Integer, Script};
use neovm_wallet::{PrivateKey, SignError, sign_transaction, verification_script};

use crate::{MAX_BLOCK_SYSTEM_FEE, MinedBlock, PrivateChain, PrivateError};

/// The gas that a test run may use, in datoshi: 10,000 GAS.
const TEST_GAS: i64 = 1_000_000_000_000;

/// Who signs transactions.
#[derive(Clone, Debug, Default)]
pub struct Signing {
    /// The keys.
    pub keys: Vec<PrivateKey>,
    /// The verification scripts of accounts with several keys.
    pub scripts: Vec<Script>,
}

/// Why a transaction is not sent.
#[derive(Debug, thiserror::Error)]
pub enum SendError {
    /// The test run ended with a fault.
    #[error("the script faults: {}", .0.kind)]
    Fault(Box<Fault>),
    /// It cannot be signed.
    #[error(transparent)]
    Sign(#[from] SignError),
    /// What it needs cannot be calculated.
    #[error(transparent)]
    Fee(#[from] neovm_node::verify::NetworkFeeError),
    /// It is refused, or the chain cannot be read or written.
    #[error(transparent)]
    Chain(#[from] PrivateError),
    /// The state is damaged.
    #[error(transparent)]
    State(#[from] FaultKind),
    /// No block has room for it.
    #[error("no block takes the transaction: its system fee is {fee} datoshi, and all of a block {MAX_BLOCK_SYSTEM_FEE} at most", fee = .0)]
    TooCostly(i64),
    /// The sender cannot pay for it.
    #[error("the sender {account} has {has} datoshi, and the transaction costs {needs}")]
    Funds {
        /// The sender.
        account: Hash160,
        /// The GAS that it has, in datoshi.
        has: Integer,
        /// The fees, in datoshi.
        needs: i64,
    },
    /// The operating system has no random numbers.
    #[error("the operating system gives no random numbers: {0}")]
    Random(String),
}

impl PrivateChain {
    /// Runs a script in the block that comes next, as if accounts had signed it, and keeps nothing.
    ///
    /// # Errors
    /// A fault if the state is damaged. Faults of the script are in the receipt.
    pub fn test(&self, script: &Script, signers: &[Signer]) -> Result<Receipt, FaultKind> {
        let blockchain = self.blockchain();
        let call = Invocation::new(script.clone()).with_gas(TEST_GAS);
        let call = signers.iter().cloned().fold(call, Invocation::with_signer);
        let invoked = checked(blockchain.state(), |state| {
            Chain::with_store(Arc::clone(blockchain.network()), state).invoke(&call)
        });
        invoked.map_err(unreadable)?
    }

    /// Makes a transaction of a script, with the fees that it needs, and signs it.
    ///
    /// # Errors
    /// [`SendError`] if the script faults in a test run, or keys are missing.
    pub fn make_transaction(
        &self,
        script: &Script,
        signers: &[Signer],
        signing: &Signing,
    ) -> Result<Transaction, SendError> {
        let receipt = self.test(script, signers)?;
        let system_fee = receipt.gas_datoshi(TEST_GAS);
        if let Some(fault) = receipt.fault {
            return Err(SendError::Fault(fault.into()));
        }
        let (network, state) = (self.blockchain().network(), self.blockchain().state());
        let view = StateView::new(network, state);
        let mut unsigned = UnsignedTransaction {
            version: 0,
            nonce: getrandom::u32().map_err(|error| SendError::Random(error.to_string()))?,
            system_fee,
            network_fee: 0,
            valid_until_block: view.height()?.saturating_add(view.max_valid_until_block_increment()?),
            signers: signers.to_vec(),
            attributes: Vec::<Attribute>::new(),
            script: script.clone(),
        };
        let witness = |signer: &Signer| {
            let verification = verification_script(signer.account, &signing.keys, &signing.scripts)?;
            Ok(Witness { verification, ..Witness::empty() })
        };
        let witnesses = signers.iter().map(witness).collect::<Result<Vec<_>, SignError>>()?;
        let unpaid = unsigned.sign(&witnesses).map_err(SignError::from)?;
        let fee = checked(state, |state| network_fee(network, state, &unpaid));
        unsigned.network_fee = fee.map_err(unreadable)??;
        Ok(sign_transaction(&unsigned, network.settings().network, &signing.keys, &signing.scripts)?)
    }

    /// Makes a transaction of a script, and a block of it alone, which survives a power cut when this returns.
    ///
    /// # Errors
    /// As for [`make_transaction`](Self::make_transaction) and [`mine`](Self::mine).
    pub fn send(
        &mut self,
        script: &Script,
        signers: &[Signer],
        signing: &Signing,
    ) -> Result<(Arc<Transaction>, MinedBlock), SendError> {
        let transaction = Arc::new(self.make_transaction(script, signers, signing)?);
        if transaction.system_fee > MAX_BLOCK_SYSTEM_FEE {
            return Err(SendError::TooCostly(transaction.system_fee));
        }
        self.check_funds(&transaction)?;
        let mined = self.mine(&[Arc::clone(&transaction)], None)?;
        self.flush()?;
        Ok((transaction, mined))
    }

    fn check_funds(&self, transaction: &Transaction) -> Result<(), SendError> {
        let view = StateView::new(self.blockchain().network(), self.blockchain().state());
        let account = transaction.sender();
        let (has, needs) = (view.gas_balance(account)?, transaction.system_fee.saturating_add(transaction.network_fee));
        if has < needs.into() { Err(SendError::Funds { account, has, needs }) } else { Ok(()) }
    }

    /// What the accounts of the chain's wallet sign with.
    pub fn signing(&self) -> Signing {
        let scripts = self.wallet().accounts.iter().filter_map(neovm_wallet::Account::script).collect();
        Signing { keys: self.keys().to_vec(), scripts }
    }
}

/// The state cannot be read.
fn unreadable(error: StoreError) -> FaultKind {
    FaultKind::Host(error.to_string())
}
