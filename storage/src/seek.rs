//! Reading entries in order through layers.

use std::{cmp::Ordering, collections::VecDeque, fmt, mem, rc::Rc};

use crate::{
    Cursor, Direction, Key, Layer, StoreError,
    layer::{Below, Item},
};

/// The entries with a prefix, as a layer shows them. Made by [`Layer::find`].
///
/// It is as lazy as the reference's iterators, which scripts can observe. When
/// the first entry is asked for, each layer notes the entries that it tracks;
/// their values are read later still. What a layer does not track is fetched
/// from below one entry ahead.
///
/// Source: `DataCache.cs` (`Seek`, `FindInternal`) of the reference node.
pub struct Seek<'s>(State<'s>);

enum State<'s> {
    New { layer: Rc<Layer<'s>>, prefix: Vec<u8>, direction: Direction },
    Running(Queue<'s>),
    Done,
}

/// What some layers show, one above the other, of which only the lowest tracks
/// entries within the prefix: each of the others is one entry ahead of the one
/// above it.
struct Queue<'s> {
    /// The entries that the layers above the lowest have fetched.
    entries: VecDeque<Entry>,
    lowest: Lowest<'s>,
}

enum Lowest<'s> {
    Layer(Box<Merge<'s>>),
    /// No layer tracks any entry. A store does not change, so nobody sees when it is read.
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
    below: Queue<'s>,
    ahead: Option<Entry>,
}

type Entry = (Key, Item);

impl<'s> Seek<'s> {
    pub(crate) fn new(layer: &Rc<Layer<'s>>, prefix: &[u8], direction: Direction) -> Self {
        Self(State::New { layer: Rc::clone(layer), prefix: prefix.to_vec(), direction })
    }

    fn advance(&mut self) -> Result<Option<Entry>, StoreError> {
        if let State::New { layer, prefix, direction } = &self.0 {
            self.0 = State::Running(Queue::start(&Below::Layer(Rc::clone(layer)), prefix, *direction)?);
        }
        let State::Running(queue) = &mut self.0 else { return Ok(None) };
        let entry = queue.advance()?;
        if entry.is_none() {
            self.0 = State::Done;
        }
        Ok(entry)
    }
}

impl<'s> Queue<'s> {
    /// Notes what the layers track, and fetches what they fetch ahead.
    fn start(mut top: &Below<'s>, prefix: &[u8], direction: Direction) -> Result<Self, StoreError> {
        let mut above = 0;
        let (layer, tracked) = loop {
            let layer = match top {
                Below::Layer(layer) => layer,
                Below::Store(store) => {
                    let lowest = Lowest::Store(store.seek(prefix, None, direction));
                    return Ok(Self { entries: VecDeque::new(), lowest });
                }
            };
            let tracked = layer.tracked(prefix, direction);
            if !tracked.is_empty() {
                break (layer, tracked);
            }
            above += 1;
            top = layer.below();
        };
        let below = Self::start(layer.below(), prefix, direction)?;
        let mut merge = Box::new(Merge { direction, tracked, next: 0, below, ahead: None });
        merge.fetch()?;
        let mut queue = Self { entries: VecDeque::new(), lowest: Lowest::Layer(merge) };
        for _ in 0..above {
            queue.fetch()?;
        }
        Ok(queue)
    }

    /// Fetches one more entry from the lowest layer.
    fn fetch(&mut self) -> Result<(), StoreError> {
        // The value is the one that the entry has now.
        let copied = |(key, item): Entry| (key, Item::fixed(item.into_value()));
        self.entries.extend(self.lowest.advance()?.map(copied));
        Ok(())
    }

    fn advance(&mut self) -> Result<Option<Entry>, StoreError> {
        let Some(first) = self.entries.pop_front() else { return self.lowest.advance() };
        self.fetch()?;
        Ok(Some(first))
    }
}

impl Lowest<'_> {
    fn advance(&mut self) -> Result<Option<Entry>, StoreError> {
        match self {
            Self::Layer(merge) => merge.advance(),
            Self::Store(cursor) => Ok(cursor.next().transpose()?.map(|(key, value)| (key, Item::fixed(value)))),
        }
    }
}

impl Merge<'_> {
    fn advance(&mut self) -> Result<Option<Entry>, StoreError> {
        while self.tracked.get(self.next).is_some_and(|(_, item)| item.is_none()) {
            self.next += 1;
        }
        let direction = self.direction;
        match (self.tracked.get_mut(self.next), &self.ahead) {
            (None, None) => Ok(None),
            (Some((key, item)), ahead)
                if ahead.as_ref().is_none_or(|(below, _)| order(direction, key, below).is_lt()) =>
            {
                Ok(mem::take(item).map(|item| (key.clone(), item)))
            }
            _ => {
                let entry = self.ahead.take();
                self.fetch()?;
                Ok(entry)
            }
        }
    }

    /// Fetches the next entry from below that the layer does not hide.
    fn fetch(&mut self) -> Result<(), StoreError> {
        self.ahead = loop {
            match self.below.advance()? {
                None => break None,
                Some((key, _)) if self.hides(&key) => {}
                Some((key, item)) => break Some((key, Item::fixed(item.into_value()))),
            }
        };
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
        let entry = self.advance();
        if entry.is_err() {
            self.0 = State::Done;
        }
        entry.transpose()
    }
}

impl fmt::Debug for Seek<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Seek").finish_non_exhaustive()
    }
}
