//! Notifications and logs.

use std::sync::Arc;

use neovm_interp::Caller;
use neovm_types::{FaultKind, Hardfork, Hash160, StackItem};

use super::{Executor, Trigger};
use crate::fault;

/// The number of notifications that a transaction may send from Echidna on.
const MAX_NOTIFICATIONS: usize = 512;

/// An event that a contract sent.
#[derive(Clone, Debug)]
pub struct Notification {
    /// The contract.
    pub contract: Hash160,
    /// The name of the event, shared with the contract's manifest.
    pub event: Arc<str>,
    /// The event's values: an array that cannot be changed.
    pub state: StackItem,
}

/// A message that a script logged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Log {
    /// The script.
    pub script_hash: Hash160,
    /// The message.
    pub message: String,
}

impl Executor<'_> {
    /// Sends a notification in a contract's name.
    ///
    /// Source: `ApplicationEngine.Runtime.cs` (`SendNotification`).
    ///
    /// # Errors
    /// A fault if the transaction has sent too many.
    pub fn notify(&mut self, contract: Hash160, event: impl Into<Arc<str>>, state: StackItem) -> Result<(), FaultKind> {
        let is_limited = self.is_active(Hardfork::Echidna) && self.trigger == Trigger::Application;
        if is_limited && self.notifications.len() >= MAX_NOTIFICATIONS {
            return Err(fault(format!("more than {MAX_NOTIFICATIONS} notifications")));
        }
        self.notifications.push(Notification { contract, event: event.into(), state: state.into_immutable() });
        self.frame_mut()?.notifications += 1;
        Ok(())
    }

    /// Logs a message of the current script.
    ///
    /// # Errors
    /// A fault if no script is loaded.
    pub fn log(&mut self, message: String) -> Result<(), FaultKind> {
        let script_hash = self.current_hash()?;
        self.logs.push(Log { script_hash, message });
        Ok(())
    }

    /// Returns the notifications of a contract, or all, as scripts see them.
    ///
    /// Source: `NotifyEventArgs.cs` (`ToStackItem`).
    ///
    /// # Errors
    /// A fault if there are more than a stack holds.
    pub(crate) fn notification_items(
        &self,
        caller: &Caller<'_>,
        contract: Option<Hash160>,
    ) -> Result<Vec<StackItem>, FaultKind> {
        let asked = self.notifications.iter().filter(|one| contract.is_none_or(|hash| one.contract == hash));
        let is_copied = self.is_active(Hardfork::Domovoi);
        let item = |one: &Notification| {
            let state = if is_copied { one.state.deep_copy(true) } else { one.state.clone() };
            StackItem::array([one.contract.into(), (&*one.event).into(), state])
        };
        let items: Vec<_> = asked.map(item).collect();
        if items.len() > caller.limits().max_stack_size as usize {
            return Err(fault("more notifications than a stack holds"));
        }
        Ok(items)
    }
}
