//! What contains the script, as scripts see it.

use std::cell::OnceCell;

use neovm_chain::{Signer, Transaction};
use neovm_types::StackItem;

use super::Executor;

/// Items of the transaction that were asked for. Scripts get copies, which share
/// the byte strings.
#[derive(Debug, Default)]
pub(super) struct ContainerItems {
    transaction: OnceCell<StackItem>,
    signers: OnceCell<StackItem>,
}

/// New items at each call, if the script is in a transaction.
impl Executor<'_> {
    pub(crate) fn transaction_item(&self) -> Option<StackItem> {
        let transaction = self.transaction()?;
        let item = self.container_items.transaction.get_or_init(|| Transaction::to_stack_item(transaction));
        Some(item.deep_copy(false))
    }

    pub(crate) fn signers_item(&self) -> Option<StackItem> {
        let signers = &self.transaction()?.signers;
        let items = || StackItem::array(signers.iter().map(Signer::to_stack_item).collect::<Vec<_>>());
        Some(self.container_items.signers.get_or_init(items).deep_copy(false))
    }
}
