//! The release of cyclic compounds that nothing refers to any more.
//!
//! Counted references free everything but cycles. A cycle can only be closed by
//! storing a compound into one that exists already, which marks the latter
//! ([`super::compound::Header::is_linked`]); so an engine that notes those has in them a
//! member of each cycle. This is the test whether one is garbage: if all
//! references to the compounds that can be reached from it come from among
//! themselves, nobody holds them.

use alloc::{
    collections::{BTreeMap, BTreeSet},
    vec,
    vec::Vec,
};

use super::{Array, Map, StackItem, array, map, shared::Weak};

/// A compound that may be part of a cycle, remembered without keeping it alive.
#[derive(Clone)]
pub struct Candidate(Noted);

#[derive(Clone)]
enum Noted {
    /// An array or a struct.
    Array(Weak<array::Body>),
    Map(Weak<map::Body>),
}

impl Candidate {
    /// Remembers a compound; none for other items.
    pub fn new(item: &StackItem) -> Option<Self> {
        match item {
            StackItem::Array(array) | StackItem::Struct(array) => Some(Self(Noted::Array(array.downgrade()))),
            StackItem::Map(map) => Some(Self(Noted::Map(map.downgrade()))),
            _ => None,
        }
    }

    /// Returns whether the compound still exists.
    pub fn is_alive(&self) -> bool {
        match &self.0 {
            Noted::Array(array) => array.strong_count() > 0,
            Noted::Map(map) => map.strong_count() > 0,
        }
    }

    /// Takes off the compound what an engine noted about it: see [`super::compound::Header::forget`].
    pub fn forget(&self) {
        if let Some(item) = self.upgrade()
            && let Some(header) = item.header()
        {
            header.forget();
        }
    }

    /// Returns whether the compound still exists and its consensus count is zero.
    pub fn is_uncounted(&self) -> bool {
        self.upgrade().is_some_and(|item| item.header().is_some_and(|header| header.references() == 0))
    }

    /// Returns the compound if it still exists. A struct is returned as an array.
    pub fn upgrade(&self) -> Option<StackItem> {
        match &self.0 {
            Noted::Array(array) => Array::upgrade(array).map(StackItem::Array),
            Noted::Map(map) => Map::upgrade(map).map(StackItem::Map),
        }
    }
}

/// A compound under test. `item` is one reference to it, which is not counted.
struct Node {
    item: StackItem,
    /// References to it from among the nodes.
    inner: usize,
}

type Nodes = BTreeMap<usize, Node>;

/// Empties the candidates, and the compounds that can be reached from them, that
/// nothing but themselves refers to. The other candidates stay in the list. If
/// `uncounted`, only compounds whose consensus count is zero are searched: no
/// others can be garbage while a script runs.
pub fn collect_cycles(candidates: &mut Vec<Candidate>, uncounted: bool) {
    let mut nodes = Nodes::new();
    for candidate in candidates.iter() {
        if let Some(root) = candidate.upgrade() {
            visit(root, uncounted, &mut nodes);
        }
    }
    count_inner(&mut nodes);
    let held = held(&nodes);
    nodes.retain(|address, _| !held.contains(address));
    for node in nodes.values() {
        match &node.item {
            StackItem::Array(array) | StackItem::Struct(array) => drop(array.take()),
            StackItem::Map(map) => drop(map.take()),
            _ => {}
        }
    }
    drop(nodes);
    let mut kept = BTreeSet::new();
    candidates.retain(|candidate| candidate.upgrade().is_some_and(|item| kept.insert(item.address())));
}

/// Makes nodes of a compound and all that it reaches.
fn visit(root: StackItem, uncounted: bool, nodes: &mut Nodes) {
    let mut pending = vec![root];
    while let Some(item) = pending.pop() {
        let (Some(address), Some(header)) = (item.address(), item.header()) else { continue };
        if nodes.contains_key(&address) || (uncounted && header.references() != 0) {
            continue;
        }
        item.for_each_child(|child| {
            if child.is_compound() {
                pending.push(child.clone());
            }
        });
        nodes.insert(address, Node { item, inner: 0 });
    }
}

fn count_inner(nodes: &mut Nodes) {
    let mut targets = Vec::new();
    for node in nodes.values() {
        node.item.for_each_child(|child| targets.extend(child.address()));
    }
    for target in targets {
        if let Some(node) = nodes.get_mut(&target) {
            node.inner += 1;
        }
    }
}

/// The nodes that somebody else references, and what they reach.
fn held(nodes: &Nodes) -> BTreeSet<usize> {
    let outer = |(_, node): &(&usize, &Node)| strong_count(&node.item) - 1 > node.inner;
    let mut pending: Vec<usize> = nodes.iter().filter(outer).map(|(&address, _)| address).collect();
    let mut held = BTreeSet::new();
    while let Some(place) = pending.pop() {
        if let (Some(node), true) = (nodes.get(&place), held.insert(place)) {
            node.item.for_each_child(|child| pending.extend(child.address()));
        }
    }
    held
}

fn strong_count(item: &StackItem) -> usize {
    match item {
        StackItem::Array(array) | StackItem::Struct(array) => array.strong_count(),
        StackItem::Map(map) => map.strong_count(),
        _ => 0,
    }
}
