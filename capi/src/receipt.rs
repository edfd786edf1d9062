//! Receipts, as the caller reads them.

use std::collections::HashMap;

use neovm::{
    Hash160, StackItem,
    host::{CallNode, CallTrace, Log, Notification, Receipt},
    storage::Batch,
};

use crate::{
    abi::*,
    boundary::{self, Failure, Outcome, guard},
    handles::Shared,
};

static RECEIPTS: Shared<Frozen> = Shared::new();

pub(crate) fn publish(frozen: Frozen) -> Outcome<neovm_receipt> {
    RECEIPTS.insert(frozen)
}

/// Writes what came of an execution. All that `data` points to belongs to the receipt, and is valid until that is
/// released.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn neovm_receipt_view(receipt: neovm_receipt, data: *mut neovm_receipt_data) -> i32 {
    guard(|| {
        let frozen = RECEIPTS.get(receipt)?;
        // SAFETY: the struct of the caller is what its size says.
        unsafe { boundary::write(data, &frozen.data) }
    })
}

/// Releases a receipt. It must not be read by another thread meanwhile.
#[unsafe(no_mangle)]
pub extern "C" fn neovm_receipt_free(receipt: neovm_receipt) -> i32 {
    guard(|| RECEIPTS.remove(receipt).map(drop))
}

/// A receipt in the form in which it is read: lists that do not change, and a struct
/// that points into them.
pub(crate) struct Frozen {
    data: neovm_receipt_data,
    _lists: Lists,
}

// SAFETY: nothing changes after `Frozen::new`; the pointers in it lead to memory that it owns and that is freed with
// it.
unsafe impl Send for Frozen {}
// SAFETY: as above.
unsafe impl Sync for Frozen {}

/// The lists that a receipt points into. None is changed once it is pointed into.
#[derive(Default)]
struct Lists {
    nodes: Vec<neovm_node>,
    children: Vec<u32>,
    bytes: Vec<Box<[u8]>>,
    stack: Vec<u32>,
    notifications: Vec<neovm_notification>,
    logs: Vec<neovm_log>,
    changes: Vec<neovm_change>,
    calls: Vec<neovm_call>,
}

/// How an execution ended, beside its receipt.
#[derive(Default)]
pub(crate) struct Ending {
    pub(crate) outcome: u32,
    pub(crate) callback_error: i32,
    /// What a call-back failed with, in place of a fault.
    pub(crate) why: String,
    pub(crate) instructions: u64,
    pub(crate) calls: CallTrace,
    pub(crate) file: String,
}

impl Lists {
    /// Keeps bytes. Where they are does not change when the list of them grows.
    fn keep(&mut self, bytes: impl Into<Box<[u8]>>) -> neovm_bytes {
        let bytes = bytes.into();
        let kept = neovm_bytes::of(&bytes);
        self.bytes.push(bytes);
        kept
    }

    fn notification(&mut self, notification: &Notification, state: u32) {
        let Notification { contract: Hash160(contract), event, .. } = notification;
        let event = self.keep(event.as_bytes());
        self.notifications.push(neovm_notification { contract: *contract, state, event });
    }

    fn log(&mut self, log: &Log) {
        let message = self.keep(log.message.as_bytes());
        self.logs.push(neovm_log { script_hash: log.script_hash.0, reserved: 0, message });
    }

    fn changes(&mut self, changes: &Batch) {
        for (key, value) in changes {
            let deleted = u32::from(value.is_none());
            let key = self.keep(&**key);
            let value = value.as_ref().map_or(neovm_bytes::NONE, |value| self.keep(&**value));
            self.changes.push(neovm_change { key, value, deleted, reserved: 0 });
        }
    }
}

impl Frozen {
    /// Makes a receipt readable. `limit` is the gas limit of its job.
    pub(crate) fn new(receipt: &Receipt, ending: Ending, limit: i64) -> Outcome<Self> {
        let mut lists = Lists::default();
        let mut items = Items::default();
        lists.stack = receipt.stack.iter().map(|item| items.place(item)).collect::<Outcome<_>>()?;
        for notification in &receipt.notifications {
            let state = items.place(&notification.state)?;
            lists.notification(notification, state);
        }
        items.finish(&mut lists)?;
        receipt.logs.iter().for_each(|log| lists.log(log));
        lists.changes(&receipt.changes);
        let node = |call: &CallNode| neovm_call { script_hash: call.script_hash.0, depth: call.depth as u32 };
        lists.calls = ending.calls.nodes().iter().map(node).collect();
        let fault = match &receipt.fault {
            _ if !ending.why.is_empty() => ending.why,
            Some(fault) if ending.outcome == NEOVM_OUTCOME_FAULT => fault.kind.to_string(),
            _ => String::new(),
        };
        let fault = lists.keep(fault.into_bytes());
        let file = lists.keep(ending.file.into_bytes());
        let pico = receipt.gas_consumed.pico();
        let mut data = neovm_receipt_data {
            size: size_of::<neovm_receipt_data>(),
            outcome: ending.outcome,
            callback_error: ending.callback_error,
            gas_pico_low: pico as u64,
            gas_pico_high: (pico >> 64) as u64,
            gas_datoshi: receipt.gas_datoshi(limit),
            instructions: ending.instructions,
            fault,
            fault_position: -1,
            fault_depth: 0,
            fault_opcode: -1,
            fault_script: [0; 20],
            fault_at_end: 0,
            nodes: start(&lists.nodes),
            node_count: lists.nodes.len(),
            stack: start(&lists.stack),
            stack_count: lists.stack.len(),
            notifications: start(&lists.notifications),
            notification_count: lists.notifications.len(),
            logs: start(&lists.logs),
            log_count: lists.logs.len(),
            changes: start(&lists.changes),
            change_count: lists.changes.len(),
            calls: start(&lists.calls),
            call_count: lists.calls.len(),
            file,
        };
        if let Some(place) = receipt.fault_place.filter(|_| ending.outcome == NEOVM_OUTCOME_FAULT) {
            data.fault_position = place.position as i64;
            data.fault_depth = place.depth as u32;
            data.fault_opcode = place.opcode.map_or(-1, |opcode| opcode as i32);
            data.fault_script = place.script_hash.0;
            data.fault_at_end = u32::from(place.is_end);
        }
        Ok(Self { data, _lists: lists })
    }
}

/// Items on their way into a receipt. Each compound and each byte string is one node,
/// wherever it occurs.
#[derive(Default)]
struct Items {
    /// In the order of nodes. They are held until all are written, so that an address
    /// stands for one item.
    items: Vec<StackItem>,
    known: HashMap<(usize, usize), u32>,
}

impl Items {
    /// Returns the place of an item among the nodes.
    fn place(&mut self, item: &StackItem) -> Outcome<u32> {
        let identity = identity(item);
        if let Some(place) = identity.and_then(|identity| self.known.get(&identity)) {
            return Ok(*place);
        }
        let place = u32::try_from(self.items.len());
        let place = place.map_err(|_| Failure::new(NEOVM_ERR_LIMIT, "the receipt has too many items"))?;
        self.items.push(item.clone());
        if let Some(identity) = identity {
            self.known.insert(identity, place);
        }
        Ok(place)
    }

    /// Writes the nodes, those of children behind those of their parents.
    fn finish(mut self, lists: &mut Lists) -> Outcome {
        // Where the children of each node begin.
        let mut starts = Vec::new();
        let mut next = 0;
        while let Some(item) = self.items.get(next).cloned() {
            let first = lists.children.len();
            let children: Vec<StackItem> = match &item {
                StackItem::Array(array) | StackItem::Struct(array) => array.to_vec(),
                StackItem::Map(map) => map.to_vec().into_iter().flat_map(|(key, value)| [key, value]).collect(),
                _ => Vec::new(),
            };
            for child in &children {
                let place = self.place(child)?;
                lists.children.push(place);
            }
            let mut node = neovm_node {
                item_type: item.item_type() as u32,
                count: children.len() as u32,
                integer: 0,
                bytes: neovm_bytes::NONE,
                children: std::ptr::null(),
            };
            contents(&item, &mut node, lists);
            lists.nodes.push(node);
            starts.push(first);
            next += 1;
        }
        for (node, first) in lists.nodes.iter_mut().zip(starts) {
            node.children = start(&lists.children[first..][..node.count as usize]);
        }
        Ok(())
    }
}

/// What tells an item that others may refer to, too.
fn identity(item: &StackItem) -> Option<(usize, usize)> {
    match item {
        StackItem::ByteString(_) => item.with_bytes(|bytes| (bytes.as_ptr().addr(), bytes.len())).ok(),
        StackItem::Buffer(_) => item.with_bytes(|bytes| (bytes.as_ptr().addr(), usize::MAX)).ok(),
        _ => item.address().map(|address| (address, 0)),
    }
}

fn contents(item: &StackItem, node: &mut neovm_node, lists: &mut Lists) {
    match item {
        StackItem::Integer(value) => node.integer = *value,
        StackItem::BigInteger(_) => {
            let bytes = item.to_integer().map(|value| value.to_le_bytes().to_vec());
            node.bytes = lists.keep(bytes.unwrap_or_default());
        }
        StackItem::Boolean(value) => node.integer = i64::from(value.get()),
        StackItem::Pointer(pointer) => node.integer = pointer.position().into(),
        StackItem::ByteString(_) | StackItem::Buffer(_) => {
            node.bytes = lists.keep(item.with_bytes(<[u8]>::to_vec).unwrap_or_default());
        }
        StackItem::Interop(object) => node.bytes = lists.keep(neovm::host::interface_name(object).as_bytes()),
        StackItem::Null | StackItem::Array(_) | StackItem::Struct(_) | StackItem::Map(_) => {}
    }
}
