//! Reading entries in order through layers.

use std::{cmp::Ordering, fmt, mem, rc::Rc};

use crate::{
    Cursor, Direction, Key, Layer, StoreError,
    layer::{Below, Item},
};

/// The entries with a prefix, as a layer shows them. Made by [`Layer::find`].
///
/// It is as lazy as the reference's iterators, which scripts can observe. When
/// the first entry is asked for, each layer notes the entries that it tracks;
/// their values are read later still. What a layer does not track is fetched
/// from below when it is asked for, one entry at a time.
///
/// Source: `DataCache.cs` (`Seek`, `FindInternal`) of the reference node.
pub struct Seek<'s>(State<'s>);

enum State<'s> {
    New { layer: Rc<Layer<'s>>, prefix: Vec<u8>, direction: Direction },
    Running(Source<'s>),
    Done,
}

/// What some layers show, one above the other, of which only the lowest tracks entries within the prefix.
enum Source<'s> {
    Layer(Box<Merge<'s>>),
    /// No layer tracks any entry.
    Store(Cursor<'s>),
}

/// The entries that a layer tracks, merged with those from below.
struct Merge<'s> {
    direction: Direction,
    /// In the order of reading, without an item if the entry is deleted or was read. What is tracked hides what
    /// lies below.
    tracked: Vec<(Key, Option<Item>)>,
    /// The place of the next one.
    next: usize,
    /// None after its last entry.
    below: Option<Source<'s>>,
    /// What comes next from below. When it was given, the one after it is fetched by the next call, which is when its
    /// value is read.
    ahead: Option<Entry>,
    /// Whether there are layers above, which copy a value when they read it.
    is_copied: bool,
}

type Entry = (Key, Item);

impl<'s> Seek<'s> {
    pub(crate) fn new(layer: &Rc<Layer<'s>>, prefix: &[u8], direction: Direction) -> Self {
        Self(State::New { layer: Rc::clone(layer), prefix: prefix.to_vec(), direction })
    }
}

impl<'s> Source<'s> {
    /// Notes what the layers track. `is_copied` tells whether there are layers above `top`.
    fn start(mut top: &Below<'s>, prefix: &[u8], direction: Direction, mut is_copied: bool) -> Self {
        loop {
            let layer = match top {
                Below::Layer(layer) => layer,
                Below::Store(store) => return Self::Store(store.seek(prefix, None, direction)),
            };
            let tracked = layer.tracked(prefix, direction);
            top = layer.below();
            if !tracked.is_empty() {
                let below = Some(Self::start(top, prefix, direction, true));
                return Self::Layer(Box::new(Merge { direction, tracked, next: 0, below, ahead: None, is_copied }));
            }
            is_copied = true;
        }
    }

    fn next(&mut self) -> Option<Result<Entry, StoreError>> {
        match self {
            Self::Layer(merge) => merge.advance().transpose(),
            Self::Store(cursor) => Some(cursor.next()?.map(|(key, value)| (key, Item::fixed(value)))),
        }
    }
}

impl Merge<'_> {
    fn advance(&mut self) -> Result<Option<Entry>, StoreError> {
        self.fetch()?;
        while self.tracked.get(self.next).is_some_and(|(_, item)| item.is_none()) {
            self.next += 1;
        }
        match (self.tracked.get_mut(self.next), &self.ahead) {
            (Some((key, item)), ahead)
                if ahead.as_ref().is_none_or(|(below, _)| order(self.direction, key, below).is_lt()) =>
            {
                let copied = |item: Item| if self.is_copied { Item::fixed(item.into_value()) } else { item };
                Ok(mem::take(item).map(|item| (key.clone(), copied(item))))
            }
            _ => Ok(self.ahead.take()),
        }
    }

    /// Fetches the next entry from below that the layer does not hide, unless it is there already.
    fn fetch(&mut self) -> Result<(), StoreError> {
        while let (None, Some(below)) = (&self.ahead, &mut self.below) {
            match below.next().transpose()? {
                None => self.below = None,
                Some((key, _)) if self.hides(&key) => {}
                entry => self.ahead = entry,
            }
        }
        Ok(())
    }

    fn hides(&self, key: &Key) -> bool {
        self.tracked.binary_search_by(|(tracked, _)| order(self.direction, tracked, key)).is_ok()
    }
}

/// Compares keys by the order of reading.
pub(crate) fn order(direction: Direction, a: &Key, b: &Key) -> Ordering {
    match direction {
        Direction::Forward => a.cmp(b),
        Direction::Backward => b.cmp(a),
    }
}

impl Iterator for Seek<'_> {
    type Item = Result<Entry, StoreError>;

    fn next(&mut self) -> Option<Self::Item> {
        if let State::New { layer, prefix, direction } = &self.0 {
            self.0 = State::Running(Source::start(&Below::Layer(Rc::clone(layer)), prefix, *direction, false));
        }
        let State::Running(source) = &mut self.0 else { return None };
        let entry = source.next();
        if !matches!(entry, Some(Ok(_))) {
            self.0 = State::Done;
        }
        entry
    }
}

impl fmt::Debug for Seek<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Seek").finish_non_exhaustive()
    }
}
