//! The native contract RoleManagement. Which keys have which role.
//!
//! Sources: `RoleManagement.cs`, `Role.cs` of the reference node.

use std::rc::Rc;

use neovm_storage::{Direction, Key, Layer};
use neovm_types::{
    CallFlags, FaultKind, Hardfork, Hash160, StackItem,
    manifest::{ParameterType, PublicKey},
};

use super::{
    keys::{key, write},
    ledger, require_committee,
    table::{Event, NativeContract},
};
use crate::{
    executor::Executor,
    fault,
    parameter::{List, Point, decode_point},
    stored::{deserialize, serialize},
};

/// The native contract RoleManagement.
pub(crate) const CONTRACT: NativeContract = NativeContract {
    doc: "Which keys have which role.",
    methods: methods! {
        (executor, _caller)

        /// Gives a role to some keys, from the next block on.
        designateAsRole(role: u8, nodes: List<Point>)
            { cpu_fee: 1 << 15, flags: CallFlags::STATES.union(CallFlags::ALLOW_NOTIFY) }
            => designate(executor, role, nodes.0);
        /// Returns the keys that have a role in a block.
        getDesignatedByRole(role: u8, index: u32) -> List<PublicKey>
            { cpu_fee: 1 << 15, flags: CallFlags::READ_STATES }
            => Role::new(role).and_then(|role| designated(executor.layer(), role, index)).map(List);
    },
    events: &[
        Event {
            until: Some(Hardfork::Echidna),
            ..Event::new(DESIGNATION, &[("Role", ParameterType::Integer), ("BlockIndex", ParameterType::Integer)])
        },
        Event {
            since: Hardfork::Echidna,
            ..Event::new(
                DESIGNATION,
                &[
                    ("Role", ParameterType::Integer),
                    ("BlockIndex", ParameterType::Integer),
                    ("Old", ParameterType::Array),
                    ("New", ParameterType::Array),
                ],
            )
        },
    ],
    ..NativeContract::new("RoleManagement", ID, Hash160(HASH))
};

/// The id.
pub(crate) const ID: i32 = -8;
/// The hash.
const HASH: [u8; 20] = [
    0xe2, 0x95, 0xe3, 0x91, 0x54, 0x4c, 0x17, 0x8a, 0xd9, 0x4f, 0x03, 0xec, 0x4d, 0xcd, 0xff, 0x78, 0x53, 0x4e, 0xcf,
    0x49,
];

const DESIGNATION: &str = "Designation";

/// The number of keys that a role can have.
const MAX_NODES: usize = 32;

/// A role that keys can have. Its byte is the prefix of the keys in the storage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Role {
    /// Signs state roots.
    StateValidator = 4,
    /// Answers oracle requests.
    Oracle = 8,
    /// Belongs to the inner ring of NeoFS.
    NeoFsAlphabetNode = 16,
    /// Collects signatures for others.
    P2pNotary = 32,
}

impl Role {
    fn new(byte: u8) -> Result<Self, FaultKind> {
        let all = [Self::StateValidator, Self::Oracle, Self::NeoFsAlphabetNode, Self::P2pNotary];
        all.into_iter().find(|role| *role as u8 == byte).ok_or_else(|| fault(format!("there is no role {byte}")))
    }

    /// The key of the nodes that have the role from a block on.
    fn key(self, index: u32) -> Key {
        key(ID, self as u8).with(&index.to_be_bytes())
    }
}

/// Returns the keys that have a role in a block, in order; none if nobody has it.
///
/// # Errors
/// A fault if the block comes after the next one.
pub(crate) fn designated<'s>(layer: &Rc<Layer<'s>>, role: Role, index: u32) -> Result<Vec<PublicKey>, FaultKind> {
    let current = ledger::current_index(layer)?;
    if current.wrapping_add(1) < index {
        return Err(fault(format!("block {index} comes after the next one, {current} is the last")));
    }
    let last = role.key(index);
    for entry in layer.find(&key(ID, role as u8), Direction::Backward) {
        let (key, item) = entry.map_err(fault)?;
        if key <= last {
            return read_nodes(&item.value());
        }
    }
    Ok(Vec::new())
}

fn read_nodes(stored: &[u8]) -> Result<Vec<PublicKey>, FaultKind> {
    let StackItem::Array(nodes) = deserialize(stored)? else { return Err(fault("the stored nodes are no array")) };
    nodes.to_vec().iter().map(|node| node.with_bytes(decode_point)?).collect()
}

fn to_item(nodes: &[PublicKey]) -> StackItem {
    StackItem::array(nodes.iter().map(StackItem::from).collect::<Vec<_>>())
}

/// Stores nodes in order. They are compared as they were given, so that a key may be stored twice.
fn write_nodes(layer: &Layer<'_>, key: Key, mut sorted: Vec<Point>) -> Result<(), FaultKind> {
    sorted.sort_unstable();
    if sorted.windows(2).any(|pair| pair[0] == pair[1]) {
        return Err(fault("a key is given twice"));
    }
    // The reference decodes what it has written when it leaves the contract.
    sorted.iter().try_for_each(|node| PublicKey::from_bytes(&node.key().0).map(drop)).map_err(fault)?;
    write(layer, key, &serialize(&to_item(&keys(&sorted)))?)
}

fn keys(points: &[Point]) -> Vec<PublicKey> {
    points.iter().map(Point::key).collect()
}

fn designate(executor: &mut Executor<'_>, role: u8, nodes: Vec<Point>) -> Result<(), FaultKind> {
    if nodes.is_empty() || nodes.len() > MAX_NODES {
        return Err(fault(format!("{} keys for a role: there can be 1 to {MAX_NODES}", nodes.len())));
    }
    let role = Role::new(role)?;
    require_committee(executor)?;
    let block = executor.require_block()?;
    let next = block.index.wrapping_add(1);
    let key = role.key(next);
    if executor.layer().contains(&key).map_err(fault)? {
        return Err(fault(format!("role {role:?} was given in this block before")));
    }
    let new = to_item(&keys(&nodes));
    write_nodes(executor.layer(), key, nodes)?;
    let mut state: Vec<StackItem> = vec![(role as u8).into(), block.index.into()];
    if executor.is_active(Hardfork::Echidna) {
        let old = designated(executor.layer(), role, block.index)?;
        state.extend([to_item(&old), new]);
    }
    executor.notify(Hash160(HASH), DESIGNATION, StackItem::array(state))
}
