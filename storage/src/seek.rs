//! Reading entries in order through layers.

use std::{fmt, iter::Peekable, rc::Rc, vec};

use crate::{
    Direction, Key, Layer, StoreError,
    layer::{Item, SeekBelow},
};

/// The entries with a prefix, as a layer shows them. Made by [`Layer::find`].
///
/// It is as lazy as the reference's iterators, which scripts can observe. When
/// the first entry is asked for, each layer notes the entries that it tracks;
/// their values are read later still. What a layer does not track is fetched
/// from below one entry ahead.
///
/// Source: `DataCache.cs` (`Seek`, `FindInternal`) of the reference node.
pub struct Seek<'s> {
    prefix: Vec<u8>,
    direction: Direction,
    state: State<'s>,
}

enum State<'s> {
    New(Rc<Layer<'s>>),
    Running(Box<Merge<'s>>),
    Done,
}

/// The entries that a layer tracks, merged with those from below.
struct Merge<'s> {
    tracked: Peekable<vec::IntoIter<(Key, Rc<Item>)>>,
    /// Sorted; what is tracked hides what lies below.
    hidden: Vec<Key>,
    below: SeekBelow<'s>,
    ahead: Option<(Key, Rc<Item>)>,
}

impl<'s> Seek<'s> {
    pub(crate) fn new(layer: &Rc<Layer<'s>>, prefix: &[u8], direction: Direction) -> Self {
        Self { prefix: prefix.to_vec(), direction, state: State::New(Rc::clone(layer)) }
    }

    fn start(&self, layer: &Layer<'s>) -> Result<Box<Merge<'s>>, StoreError> {
        let (tracked, hidden) = layer.tracked(&self.prefix, self.direction);
        let below = layer.seek_below(&self.prefix, self.direction);
        let mut merge = Merge { tracked: tracked.into_iter().peekable(), hidden, below, ahead: None };
        merge.fetch()?;
        Ok(Box::new(merge))
    }

    fn advance(&mut self) -> Result<Option<(Key, Rc<Item>)>, StoreError> {
        if let State::New(layer) = &self.state {
            self.state = State::Running(self.start(layer)?);
        }
        let State::Running(merge) = &mut self.state else { return Ok(None) };
        let is_tracked = match (merge.tracked.peek(), &merge.ahead) {
            (None, None) => {
                self.state = State::Done;
                return Ok(None);
            }
            (Some(_), None) => true,
            (None, Some(_)) => false,
            (Some((tracked, _)), Some((below, _))) => match self.direction {
                Direction::Forward => tracked < below,
                Direction::Backward => tracked > below,
            },
        };
        if is_tracked {
            return Ok(merge.tracked.next());
        }
        let entry = merge.ahead.take();
        merge.fetch()?;
        Ok(entry)
    }
}

impl Merge<'_> {
    /// Fetches the next entry from below that the layer does not hide.
    fn fetch(&mut self) -> Result<(), StoreError> {
        self.ahead = loop {
            let entry = match &mut self.below {
                SeekBelow::Layer(seek) => seek.advance()?.map(|(key, item)| (key, item.value())),
                SeekBelow::Store(cursor) => cursor.next().transpose()?,
            };
            match entry {
                None => break None,
                Some((key, _)) if self.hidden.binary_search(&key).is_ok() => {}
                Some((key, value)) => break Some((key, Item::new(value))),
            }
        };
        Ok(())
    }
}

impl Iterator for Seek<'_> {
    type Item = Result<(Key, Rc<Item>), StoreError>;

    fn next(&mut self) -> Option<Self::Item> {
        let entry = self.advance();
        if entry.is_err() {
            self.state = State::Done;
        }
        entry.transpose()
    }
}

impl fmt::Debug for Seek<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Seek").field("prefix", &self.prefix).field("direction", &self.direction).finish_non_exhaustive()
    }
}
