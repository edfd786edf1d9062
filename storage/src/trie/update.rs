//! Changing a trie.

use super::{
    Nodes, Position, TrieError,
    node::{Kind, Link, Node, Record, VALUE},
};
use crate::Value;

/// A key with its new value, or without one if it is deleted.
pub(super) type Change<'a> = (&'a [u8], Option<&'a Value>);

/// A batch of changes under way.
pub(super) struct Update<'a, N> {
    nodes: &'a N,
    removed: &'a mut Vec<Position>,
    now: u32,
    held: &'a mut usize,
    /// The nibbles from the root to where the update is.
    position: Vec<u8>,
}

fn nibble(key: &[u8], at: usize) -> u8 {
    let byte = key[at / 2];
    if at.is_multiple_of(2) { byte >> 4 } else { byte & 15 }
}

/// How many nibbles of a key, from a depth on, are those of a path.
fn common(key: &[u8], depth: usize, path: &[u8]) -> usize {
    let nibbles = (depth..key.len() * 2).map(|at| nibble(key, at));
    nibbles.zip(path).take_while(|(a, b)| a == *b).count()
}

/// The change of the key that ends at a depth, if there is one, and those of longer keys.
fn split_own<'c, 'a>(changes: &'c [Change<'a>], depth: usize) -> (Option<Change<'a>>, &'c [Change<'a>]) {
    match changes.split_first() {
        Some((own, rest)) if own.0.len() * 2 == depth => (Some(*own), rest),
        _ => (None, changes),
    }
}

/// Changes of longer keys, one group for each nibble at a depth.
fn groups<'c, 'a>(changes: &'c [Change<'a>], depth: usize) -> impl Iterator<Item = (u8, &'c [Change<'a>])> {
    let groups = changes.chunk_by(move |(a, _), (b, _)| nibble(a, depth) == nibble(b, depth));
    groups.map(move |group| (nibble(group[0].0, depth), group))
}

/// Makes the node that holds new entries, whose keys are equal up to a depth.
pub(super) fn build(puts: &[Change<'_>], depth: usize, now: u32) -> Link {
    let ([first, .., last] | [first @ last]) = puts else { return Link::Empty };
    let path: Box<[u8]> = (depth..first.0.len().min(last.0.len()) * 2)
        .map(|at| (nibble(first.0, at), nibble(last.0, at)))
        .take_while(|(a, b)| a == b)
        .map(|(nibble, _)| nibble)
        .collect();
    let depth = depth + path.len();
    let kind = match puts {
        [(_, Some(value))] => Kind::Leaf(Value::clone(value)),
        _ => {
            let mut children = Link::branch();
            let (own, rest) = split_own(puts, depth);
            if let Some((_, Some(value))) = own {
                children[usize::from(VALUE)] = Link::new(Kind::Leaf(value.clone()), Record::Absent, now);
            }
            for (nibble, group) in groups(rest, depth) {
                children[usize::from(nibble)] = build(group, depth + 1, now);
            }
            Kind::Branch(children)
        }
    };
    let node = Link::new(kind, Record::Absent, now);
    if path.is_empty() { node } else { Link::new(Kind::Extension(path, node), Record::Absent, now) }
}

impl<'a, N: Nodes> Update<'a, N> {
    pub(super) fn new(nodes: &'a N, removed: &'a mut Vec<Position>, now: u32, held: &'a mut usize) -> Self {
        Self { nodes, removed, now, held, position: Vec::new() }
    }

    /// Makes the changes below a node, which all belong there, and returns whether anything changed.
    pub(super) fn apply(&mut self, link: &mut Link, changes: &[Change<'_>]) -> Result<bool, TrieError> {
        if changes.is_empty() {
            return Ok(false);
        }
        let Some(node) = self.loaded(link)? else { return Ok(self.fill(link, changes)) };
        match &mut node.kind {
            Kind::Leaf(_) => self.apply_leaf(link, changes),
            Kind::Extension(..) => self.apply_extension(link, changes),
            Kind::Branch(..) => self.apply_branch(link, changes),
        }
    }

    /// Drops the entries between two paths of keys, both included, and reads only nodes on these paths. What is left
    /// may be no node of a trie until entries are put there.
    pub(super) fn clear(&mut self, link: &mut Link, low: &[u8], high: &[u8]) -> Result<(), TrieError> {
        let path = &self.position[..];
        let is_in = low <= path && path <= high;
        if is_in && !high.starts_with(path) {
            *link = Link::Empty;
        }
        if !is_in && !low.starts_with(path) {
            return Ok(());
        }
        let Some(node) = self.loaded(link)? else { return Ok(()) };
        touch(node);
        match &mut node.kind {
            Kind::Leaf(_) if is_in => *link = Link::Empty,
            Kind::Leaf(_) => {}
            Kind::Extension(path, next) => self.below(path, |update| update.clear(next, low, high))?,
            Kind::Branch(children) => {
                if is_in {
                    children[usize::from(VALUE)] = Link::Empty;
                }
                for (nibble, child) in (0..VALUE).zip(children.iter_mut()) {
                    self.below(&[nibble], |update| update.clear(child, low, high))?;
                }
            }
        }
        Ok(())
    }

    /// The node here, if there is one, read if need be.
    fn loaded<'l>(&mut self, link: &'l mut Link) -> Result<Option<&'l mut Node>, TrieError> {
        if let Link::Stored(hash) = link {
            let kind = super::load(self.nodes, &self.position, hash)?.kind;
            *self.held += usize::from(matches!(kind, Kind::Extension(_, Link::Loaded(_))));
            let node = Node { kind, hash: Some(*hash), record: Record::Current, used: self.now };
            *link = Link::Loaded(Box::new(node));
            *self.held += 1;
        }
        let Link::Loaded(node) = link else { return Ok(None) };
        node.used = self.now;
        Ok(Some(node))
    }

    /// Fills an empty place.
    fn fill(&mut self, link: &mut Link, changes: &[Change<'_>]) -> bool {
        let puts: Vec<Change<'_>> = changes.iter().filter(|(_, value)| value.is_some()).copied().collect();
        // An extension and a leaf a key, and a branch for some.
        *self.held += puts.len() * 2;
        *link = build(&puts, self.position.len(), self.now);
        !link.is_empty()
    }

    /// Notes that the node at the position is no more.
    fn remove(&mut self, record: Record) {
        if record != Record::Absent {
            self.removed.push(Position::new(&self.position));
        }
    }

    /// Does something at a position further down.
    fn below<T>(&mut self, path: &[u8], action: impl FnOnce(&mut Self) -> T) -> T {
        let depth = self.position.len();
        self.position.extend_from_slice(path);
        let result = action(self);
        self.position.truncate(depth);
        result
    }

    fn apply_leaf(&mut self, link: &mut Link, changes: &[Change<'_>]) -> Result<bool, TrieError> {
        let (own, rest) = split_own(changes, self.position.len());
        if rest.iter().any(|(_, value)| value.is_some()) {
            let Link::Loaded(mut leaf) = link.take() else { return Ok(false) };
            let record = leaf.record.changed();
            leaf.record = Record::Absent;
            let mut children = Link::branch();
            children[usize::from(VALUE)] = Link::Loaded(leaf);
            *link = Link::new(Kind::Branch(children), record, self.now);
            *self.held += 1;
            self.apply_branch(link, changes)?;
            return Ok(true);
        }
        Ok(own.is_some_and(|(_, value)| self.set_leaf(link, value)))
    }

    /// Gives a leaf, which may not be there, another value or none.
    fn set_leaf(&mut self, link: &mut Link, value: Option<&Value>) -> bool {
        match (&mut *link, value) {
            (Link::Loaded(node), Some(value)) => {
                if matches!(&node.kind, Kind::Leaf(former) if former == value) {
                    return false;
                }
                node.kind = Kind::Leaf(value.clone());
                touch(node);
            }
            (Link::Loaded(node), None) => {
                self.remove(node.record);
                *link = Link::Empty;
            }
            (_, Some(value)) => {
                *link = Link::new(Kind::Leaf(value.clone()), Record::Absent, self.now);
                *self.held += 1;
            }
            (_, None) => return false,
        }
        true
    }

    fn apply_extension(&mut self, link: &mut Link, changes: &[Change<'_>]) -> Result<bool, TrieError> {
        let Link::Loaded(node) = link else { return Ok(false) };
        let Kind::Extension(path, next) = &mut node.kind else { return Ok(false) };
        let depth = self.position.len();
        let belongs = |(key, _): &Change<'_>| common(key, depth, path) == path.len();
        let start = changes.iter().position(belongs).unwrap_or(changes.len());
        let (before, rest) = changes.split_at(start);
        let (below, behind) = rest.split_at(rest.iter().take_while(|change| belongs(change)).count());
        if before.iter().chain(behind).any(|(_, value)| value.is_some()) {
            self.split_extension(link, changes);
            self.apply(link, changes)?;
            return Ok(true);
        }
        let path = path.clone();
        if !self.below(&path, |update| update.apply(next, below))? {
            return Ok(false);
        }
        touch(node);
        self.join_extension(link);
        Ok(true)
    }

    /// Puts a branch where keys leave an extension.
    fn split_extension(&mut self, link: &mut Link, changes: &[Change<'_>]) {
        let Link::Loaded(node) = link else { return };
        let Kind::Extension(path, next) = &mut node.kind else { return };
        let depth = self.position.len();
        let shared = changes.iter().map(|(key, _)| common(key, depth, path)).min().unwrap_or(0);
        let (path, next, record) = (std::mem::take(path), next.take(), node.record.changed());
        let [upper, [nibble, lower @ ..]] = [&path[..shared], &path[shared..]] else { return };
        let child = if lower.is_empty() {
            next
        } else {
            Link::new(Kind::Extension(lower.into(), next), Record::Absent, self.now)
        };
        let mut children = Link::branch();
        children[usize::from(*nibble)] = child;
        *self.held += 2;
        *link = if upper.is_empty() {
            Link::new(Kind::Branch(children), record, self.now)
        } else {
            let branch = Link::new(Kind::Branch(children), Record::Absent, self.now);
            Link::new(Kind::Extension(upper.into(), branch), record, self.now)
        };
    }

    /// An extension leads neither to nothing nor to another one, and a leaf that it leads to is kept with it.
    fn join_extension(&mut self, link: &mut Link) {
        let Link::Loaded(node) = link else { return };
        let Kind::Extension(path, next) = &mut node.kind else { return };
        match next {
            Link::Empty => {
                self.remove(node.record);
                *link = Link::Empty;
            }
            Link::Loaded(lower) => match &mut lower.kind {
                Kind::Branch(_) => {}
                Kind::Leaf(_) => {
                    let record = std::mem::replace(&mut lower.record, Record::Absent);
                    self.below(path, |update| update.remove(record));
                }
                Kind::Extension(more, last) => {
                    let (joined, last) = ([&path[..], more].concat().into(), last.take());
                    let record = lower.record;
                    self.below(path, |update| update.remove(record));
                    node.kind = Kind::Extension(joined, last);
                }
            },
            Link::Stored(_) => {}
        }
    }

    fn apply_branch(&mut self, link: &mut Link, changes: &[Change<'_>]) -> Result<bool, TrieError> {
        let Link::Loaded(node) = link else { return Ok(false) };
        let Kind::Branch(children) = &mut node.kind else { return Ok(false) };
        let depth = self.position.len();
        let (own, rest) = split_own(changes, depth);
        let mut changed = false;
        if let Some((_, value)) = own {
            let leaf = &mut children[usize::from(VALUE)];
            changed |= self.below(&[VALUE], |update| {
                update.loaded(leaf)?;
                Ok::<_, TrieError>(update.set_leaf(leaf, value))
            })?;
        }
        for (nibble, group) in groups(rest, depth) {
            let child = &mut children[usize::from(nibble)];
            changed |= self.below(&[nibble], |update| update.apply(child, group))?;
        }
        if changed {
            touch(node);
            self.join_branch(link)?;
        }
        Ok(changed)
    }

    /// A branch has at least two children: one becomes an extension or a leaf.
    fn join_branch(&mut self, link: &mut Link) -> Result<(), TrieError> {
        let Link::Loaded(node) = link else { return Ok(()) };
        let (record, Kind::Branch(children)) = (node.record, &mut node.kind) else { return Ok(()) };
        let mut there = (0..).zip(children.iter_mut()).filter(|(_, child)| !child.is_empty());
        let Some((nibble, child)) = there.next() else {
            self.remove(record);
            *link = Link::Empty;
            return Ok(());
        };
        if there.next().is_some() {
            return Ok(());
        }
        self.below(&[nibble], |update| update.loaded(child).map(drop))?;
        let child = child.take();
        *link = match child {
            Link::Loaded(mut leaf) if nibble == VALUE => {
                self.below(&[VALUE], |update| update.remove(leaf.record));
                leaf.record = record;
                Link::Loaded(leaf)
            }
            child => Link::new(Kind::Extension([nibble].into(), child), record, self.now),
        };
        self.join_extension(link);
        Ok(())
    }
}

/// Notes that a node has changed.
fn touch(node: &mut Node) {
    node.hash = None;
    node.record = node.record.changed();
}
