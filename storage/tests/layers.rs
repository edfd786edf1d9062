//! Layers beside a plain model of the reference's `DataCache`: every operation
//! is done in both, and what it shows is compared.

use std::{
    cell::{Cell, RefCell},
    cmp::Ordering,
    collections::{BTreeMap, BTreeSet, VecDeque},
    rc::Rc,
};

use neovm_storage::{Direction, Key, Layer, MemoryStore, Seek, Store, StoreError, Value, WriteStore};
use proptest::prelude::*;

/// A value that iterators share with the layer that tracks it.
type Shared = Rc<RefCell<Vec<u8>>>;

#[derive(Clone, Copy, Debug, PartialEq)]
enum State {
    Read,
    Added,
    Changed,
    Deleted,
    Absent,
}

/// A layer as the reference has it: a dictionary over a dictionary.
#[derive(Default)]
struct Plain {
    entries: RefCell<BTreeMap<Vec<u8>, (Shared, State)>>,
    below: Option<Rc<Plain>>,
    store: BTreeMap<Vec<u8>, Vec<u8>>,
}

fn is_there(state: State) -> bool {
    !matches!(state, State::Deleted | State::Absent)
}

impl Plain {
    fn fetch(&self, key: &[u8]) -> Option<Vec<u8>> {
        match &self.below {
            Some(below) => below.get(key),
            None => self.store.get(key).cloned(),
        }
    }

    fn track(&self, key: &[u8], value: Vec<u8>, state: State) {
        self.entries.borrow_mut().insert(key.to_vec(), (Rc::new(RefCell::new(value)), state));
    }

    fn get(&self, key: &[u8]) -> Option<Vec<u8>> {
        if let Some((value, state)) = self.entries.borrow().get(key) {
            return is_there(*state).then(|| value.borrow().clone());
        }
        let value = self.fetch(key)?;
        self.track(key, value.clone(), State::Read);
        Some(value)
    }

    /// What the reference has not: an absence is kept in mind.
    fn load(&self, key: &[u8]) -> Option<Vec<u8>> {
        let value = self.get(key);
        if value.is_none() && !self.entries.borrow().contains_key(key) {
            self.track(key, Vec::new(), State::Absent);
        }
        value
    }

    /// What the reference has not either: nothing is tracked.
    fn peek(&self, key: &[u8]) -> Option<Vec<u8>> {
        match self.entries.borrow().get(key) {
            Some((value, state)) => is_there(*state).then(|| value.borrow().clone()),
            None => self.below.as_ref().map_or_else(|| self.store.get(key).cloned(), |below| below.peek(key)),
        }
    }

    fn put(&self, key: &[u8], new: Vec<u8>) {
        let old = self.entries.borrow().get(key).cloned();
        match old {
            None => {
                let state = if self.fetch(key).is_some() { State::Changed } else { State::Added };
                self.track(key, new, state);
            }
            Some((_, State::Deleted)) => self.track(key, new, State::Changed),
            Some((_, State::Absent)) => self.track(key, new, State::Added),
            Some((value, state)) => {
                *value.borrow_mut() = new;
                let state = if state == State::Read { State::Changed } else { state };
                self.entries.borrow_mut().insert(key.to_vec(), (value, state));
            }
        }
    }

    fn delete(&self, key: &[u8]) {
        let old = self.entries.borrow().get(key).cloned();
        match old {
            None => {
                if let Some(value) = self.fetch(key) {
                    self.track(key, value, State::Deleted);
                }
            }
            Some((value, state)) => {
                let absent = matches!(state, State::Added | State::Absent);
                let state = if absent { State::Absent } else { State::Deleted };
                self.entries.borrow_mut().insert(key.to_vec(), (value, state));
            }
        }
    }

    fn commit(&self) {
        let below = self.below.as_ref().expect("only layers above others are committed");
        let entries = std::mem::take(&mut *self.entries.borrow_mut());
        for (key, (value, state)) in entries {
            match state {
                State::Added | State::Changed => below.put(&key, value.borrow().clone()),
                State::Deleted => below.delete(&key),
                State::Read | State::Absent => {}
            }
            let state = match state {
                State::Deleted => continue,
                State::Absent => State::Absent,
                _ => State::Read,
            };
            self.entries.borrow_mut().insert(key, (value, state));
        }
    }
}

/// `DataCache.Find`: what `Seek` gives, as long as the keys have the prefix.
struct PlainFind {
    prefix: Vec<u8>,
    /// The key that a seek backwards starts at; it has not the prefix.
    beyond: Option<Vec<u8>>,
    seek: PlainSeek,
    is_over: bool,
}

impl PlainFind {
    fn new(layer: &Rc<Plain>, prefix: &[u8], direction: Direction) -> Self {
        let beyond = (direction == Direction::Backward).then(|| {
            let mut beyond = prefix.to_vec();
            while beyond.pop_if(|byte| *byte == 0xff).is_some() {}
            *beyond.last_mut().expect("not all bytes are 0xff") += 1;
            beyond
        });
        let from = beyond.clone().unwrap_or_else(|| prefix.to_vec());
        Self { prefix: prefix.to_vec(), beyond, seek: PlainSeek::new(layer, &from, direction), is_over: false }
    }

    fn next(&mut self) -> Option<(Vec<u8>, Shared)> {
        while !self.is_over {
            match self.seek.next() {
                Some((key, value)) if key.starts_with(&self.prefix) => return Some((key, value)),
                Some((key, _)) if self.beyond.as_ref() == Some(&key) => {}
                _ => self.is_over = true,
            }
        }
        None
    }
}

/// `DataCache.Seek`, a generator: it does nothing before it is asked for the first entry, and stands still where it
/// gave one until it is asked for the next.
struct PlainSeek {
    layer: Rc<Plain>,
    from: Vec<u8>,
    direction: Direction,
    place: Place,
    /// `e1`: what the layer tracked at the start.
    cached: VecDeque<(Vec<u8>, Shared)>,
    cached_keys: BTreeSet<Vec<u8>>,
    /// `e2`: what lies below and is not tracked.
    below: Option<Box<PlainSeek>>,
    stored: VecDeque<(Vec<u8>, Vec<u8>)>,
    /// `i1` and `i2`.
    first: Option<(Vec<u8>, Shared)>,
    second: Option<(Vec<u8>, Shared)>,
}

/// Where a generator stands.
#[derive(Clone, Copy)]
enum Place {
    Start,
    GaveFirst,
    GaveSecond,
    End,
}

impl PlainSeek {
    fn new(layer: &Rc<Plain>, from: &[u8], direction: Direction) -> Self {
        Self {
            layer: Rc::clone(layer),
            from: from.to_vec(),
            direction,
            place: Place::Start,
            cached: VecDeque::new(),
            cached_keys: BTreeSet::new(),
            below: None,
            stored: VecDeque::new(),
            first: None,
            second: None,
        }
    }

    /// The order of reading.
    fn compare(&self, a: &[u8], b: &[u8]) -> Ordering {
        if self.direction == Direction::Forward { a.cmp(b) } else { b.cmp(a) }
    }

    fn start(&mut self) {
        let layer = Rc::clone(&self.layer);
        let entries = layer.entries.borrow();
        let there = entries.iter().filter(|(_, (_, state))| is_there(*state));
        let mut cached: Vec<_> = there.map(|(key, (value, _))| (key.clone(), Rc::clone(value))).collect();
        cached.retain(|(key, _)| self.compare(key, &self.from).is_ge());
        cached.sort_by(|(a, _), (b, _)| self.compare(a, b));
        self.cached = cached.into();
        self.cached_keys = entries.keys().cloned().collect();
        match &layer.below {
            Some(below) => self.below = Some(Box::new(Self::new(below, &self.from, self.direction))),
            None => {
                let mut stored: Vec<_> = layer.store.clone().into_iter().collect();
                stored.retain(|(key, _)| self.compare(key, &self.from).is_ge());
                stored.sort_by(|(a, _), (b, _)| self.compare(a, b));
                self.stored = stored.into();
            }
        }
    }

    /// `e2.MoveNext`: the value is cloned here.
    fn move_second(&mut self) {
        self.second = loop {
            let entry = match &mut self.below {
                Some(below) => below.next().map(|(key, value)| (key, value.borrow().clone())),
                None => self.stored.pop_front(),
            };
            match entry {
                Some((key, _)) if self.cached_keys.contains(&key) => {}
                entry => break entry.map(|(key, value)| (key, Rc::new(RefCell::new(value)))),
            }
        };
    }

    fn next(&mut self) -> Option<(Vec<u8>, Shared)> {
        match self.place {
            Place::Start => {
                self.start();
                self.first = self.cached.pop_front();
                self.move_second();
            }
            Place::GaveFirst => self.first = self.cached.pop_front(),
            Place::GaveSecond => self.move_second(),
            Place::End => return None,
        }
        let gives_first = match (&self.first, &self.second) {
            (None, None) => {
                self.place = Place::End;
                return None;
            }
            (Some((first, _)), Some((second, _))) => self.compare(first, second).is_lt(),
            (first, _) => first.is_some(),
        };
        self.place = if gives_first { Place::GaveFirst } else { Place::GaveSecond };
        if gives_first { self.first.clone() } else { self.second.clone() }
    }
}

/// What is done, in the layer on top unless an iterator does it.
#[derive(Clone, Debug)]
enum Step {
    Get(u8),
    GetWith(u8),
    Load(u8),
    Contains(u8),
    PeekAll(u8),
    Put(u8, u8),
    /// A write that is refused if the number is odd.
    PutIf(u8, u8),
    Delete(u8),
    /// Several changes at once; a multiple of four deletes.
    Write(BTreeMap<u8, u8>),
    Open,
    Commit,
    Discard,
    Find(u8, bool),
    /// Advances an iterator.
    Next(usize),
    /// Looks at the entry that an iterator stands at.
    Look(usize),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let key = 0..12_u8;
    let step = prop_oneof![
        3 => key.clone().prop_map(Step::Get),
        2 => key.clone().prop_map(Step::GetWith),
        2 => key.clone().prop_map(Step::Load),
        1 => key.clone().prop_map(Step::Contains),
        2 => (0..4_u8).prop_map(Step::PeekAll),
        4 => (key.clone(), any::<u8>()).prop_map(|(key, value)| Step::Put(key, value)),
        3 => (key.clone(), any::<u8>()).prop_map(|(key, value)| Step::PutIf(key, value)),
        2 => key.clone().prop_map(Step::Delete),
        1 => prop::collection::btree_map(key.clone(), any::<u8>(), 0..5).prop_map(Step::Write),
        2 => Just(Step::Open),
        2 => Just(Step::Commit),
        1 => Just(Step::Discard),
        2 => (0..4_u8, any::<bool>()).prop_map(|(prefix, backward)| Step::Find(prefix, backward)),
        6 => any::<usize>().prop_map(Step::Next),
        3 => any::<usize>().prop_map(Step::Look),
    ];
    prop::collection::vec(step, 1..120)
}

/// Keys share prefixes and differ in length.
fn key(number: u8) -> Vec<u8> {
    let (group, within) = (number % 3, number / 3);
    [vec![7, 0, 0, 0, group], vec![within; usize::from(within)]].concat()
}

fn prefix(number: u8) -> Vec<u8> {
    if number == 3 { vec![7, 0, 0, 0] } else { vec![7, 0, 0, 0, number] }
}

struct Cursor<'s> {
    seek: Seek<'s>,
    plain: PlainFind,
    current: Option<(neovm_storage::Item, Shared)>,
}

fn run(stored: &BTreeMap<Vec<u8>, Vec<u8>>, steps: &[Step]) -> Result<(), StoreError> {
    let store: MemoryStore = stored.iter().map(|(key, value)| (Key::from_bytes(key), Value::from(&**value))).collect();
    let mut layers = vec![Layer::over(&store)];
    let mut plains = vec![Rc::new(Plain { store: stored.clone(), ..Plain::default() })];
    let mut cursors: Vec<Cursor<'_>> = Vec::new();
    let mut returned = Vec::new();
    for step in steps {
        let (layer, plain) = (layers[layers.len() - 1].clone(), plains[plains.len() - 1].clone());
        match step {
            Step::Get(number) => {
                let key = key(*number);
                let (value, plain) = (layer.get(&Key::from_bytes(&key))?, plain.get(&key));
                assert_eq!(value.as_deref(), plain.as_deref());
                returned.push((value, plain));
            }
            Step::GetWith(number) => {
                let key = key(*number);
                assert_eq!(layer.get_with(7, &key[4..], <[u8]>::to_vec)?, plain.get(&key));
            }
            Step::Load(number) => {
                let key = key(*number);
                assert_eq!(layer.load(Key::from_bytes(&key))?.as_deref(), plain.load(&key).as_deref());
            }
            Step::Contains(number) => {
                let key = key(*number);
                assert_eq!(layer.contains(&Key::from_bytes(&key))?, plain.peek(&key).is_some());
            }
            Step::PeekAll(number) => {
                let prefix = prefix(*number);
                let within = (0..12).map(key).filter(|key| key.starts_with(&prefix));
                let expected = within.filter_map(|key| Some((Key::from_bytes(&key), plain.peek(&key)?[..].into())));
                assert_eq!(layer.peek_all(&prefix)?, expected.collect());
                let mut shown = 0;
                layer.peek_each(&prefix, |_, _| {
                    shown += 1;
                    Ok(())
                })?;
                assert_eq!(shown, layer.peek_all(&prefix)?.len(), "each is shown once");
            }
            Step::Put(number, value) => {
                let value = vec![*value; usize::from(value % 3)];
                layer.put(Key::from_bytes(&key(*number)), Value::from(&*value))?;
                plain.put(&key(*number), value);
            }
            Step::PutIf(number, value) => {
                let (key, bytes) = (key(*number), vec![*value; usize::from(value % 3)]);
                let old = plain.get(&key);
                let is_set = layer.put_if(7, &key[4..], &bytes, |size| {
                    assert_eq!(size, old.as_ref().map(Vec::len));
                    value % 2 == 0
                });
                assert_eq!(is_set?, value % 2 == 0);
                if value % 2 == 0 {
                    plain.put(&key, bytes);
                }
            }
            Step::Delete(number) => {
                layer.delete(&Key::from_bytes(&key(*number)))?;
                plain.delete(&key(*number));
            }
            Step::Write(changes) => {
                let value = |value: u8| (!value.is_multiple_of(4)).then(|| vec![value; usize::from(value % 3)]);
                let change = |(number, new): (&u8, &u8)| {
                    (Key::from_bytes(&key(*number)), value(*new).map(|bytes| Value::from(&*bytes)))
                };
                layer.write(&changes.iter().map(change).collect::<Vec<_>>())?;
                changes.keys().for_each(|number| drop(plain.load(&key(*number))));
                for (number, new) in changes {
                    match value(*new) {
                        Some(value) => plain.put(&key(*number), value),
                        None => plain.delete(&key(*number)),
                    }
                }
            }
            Step::Open => {
                layers.push(Layer::above(&layer));
                plains.push(Rc::new(Plain { below: Some(plain), ..Plain::default() }));
            }
            Step::Commit | Step::Discard if layers.len() > 1 => {
                layers.pop();
                plains.pop();
                if matches!(step, Step::Commit) {
                    layer.commit()?;
                    plain.commit();
                }
            }
            Step::Commit | Step::Discard => {}
            Step::Find(number, backward) => {
                let direction = if *backward { Direction::Backward } else { Direction::Forward };
                let seek = layer.find(&prefix(*number), direction);
                let plain = PlainFind::new(&plain, &prefix(*number), direction);
                cursors.push(Cursor { seek, plain, current: None });
            }
            Step::Next(index) if !cursors.is_empty() => {
                let count = cursors.len();
                let cursor = &mut cursors[index % count];
                let (own, model) = (cursor.seek.next().transpose()?, cursor.plain.next());
                assert_eq!(own.as_ref().map(|(key, _)| &**key), model.as_ref().map(|(key, _)| &**key));
                cursor.current = own.zip(model).map(|((_, item), (_, value))| (item, value)).or(cursor.current.take());
            }
            Step::Look(index) if !cursors.is_empty() => {
                if let Some((item, value)) = &cursors[index % cursors.len()].current {
                    assert_eq!(*item.value(), **value.borrow());
                }
            }
            Step::Next(_) | Step::Look(_) => {}
        }
    }
    for (value, plain) in &returned {
        assert_eq!(value.as_deref(), plain.as_deref(), "a value that was returned stays what it was");
    }
    // What is left of the changes makes the same state.
    while layers.len() > 1 {
        layers.pop().expect("counted").commit()?;
        plains.pop().expect("counted").commit();
    }
    let changes = layers[0].changes();
    let mut written = store.clone();
    written.write(&changes)?;
    let mut expected = stored.clone();
    for (key, (value, state)) in &*plains[0].entries.borrow() {
        match state {
            State::Added | State::Changed => drop(expected.insert(key.clone(), value.borrow().clone())),
            State::Deleted => drop(expected.remove(key)),
            State::Read | State::Absent => {}
        }
    }
    let written: BTreeMap<Vec<u8>, Vec<u8>> =
        written.iter().map(|(key, value)| (key.to_vec(), value.to_vec())).collect();
    assert_eq!(written, expected);
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 3000, ..ProptestConfig::default() })]

    #[test]
    fn layers_show_what_the_reference_shows(
        stored in prop::collection::btree_map((0..12_u8).prop_map(key), prop::collection::vec(any::<u8>(), 0..3), 0..12),
        steps in steps(),
    ) {
        run(&stored, &steps).unwrap();
    }
}

/// The rules in words, one by one.
#[test]
fn iterators_see_writes_to_keys_that_their_layer_tracks() {
    let store: MemoryStore =
        [1, 2, 3].map(|number| (Key::from_bytes(&key(number * 3)), Value::from([number]))).into_iter().collect();
    let layer = Layer::over(&store);
    let read = Key::from_bytes(&key(3));
    let unread = Key::from_bytes(&key(6));
    layer.get(&read).unwrap();
    let mut entries = layer.find(&prefix(0), Direction::Forward);
    layer.delete(&Key::from_bytes(&key(9))).unwrap();
    let (_, first) = entries.next().unwrap().unwrap();
    layer.put(read, Value::from([11])).unwrap();
    layer.put(unread, Value::from([12])).unwrap();
    assert_eq!(*first.value(), [11], "the key was read before");
    assert_eq!(*entries.next().unwrap().unwrap().1.value(), [2], "the key was not read before");
    assert!(entries.next().is_none(), "what was deleted before the first entry is gone");
}

#[test]
fn a_stamp_stands_for_what_is_stored_of_contracts() {
    let store = MemoryStore::default();
    let below = Layer::over(&store);
    let value = || Value::from(&[1][..]);
    let (contract, blocked, other) = (Key::new(-1, &[8, 1]), Key::new(-7, &[15, 1]), Key::new(-5, &[20]));
    let start = below.contracts_stamp();
    below.put(other.clone(), value()).unwrap();
    below.delete(&other).unwrap();
    assert_eq!(below.contracts_stamp(), start);
    below.put(contract.clone(), value()).unwrap();
    let put = below.contracts_stamp();
    assert_ne!(put, start);

    let above = Layer::above(&below);
    assert_eq!(above.contracts_stamp(), put);
    above.delete(&contract).unwrap();
    let deleted = above.contracts_stamp();
    assert!(deleted != put && deleted != start);
    drop(above);
    assert_eq!(below.contracts_stamp(), put, "dropped changes are no changes");

    let above = Layer::above(&below);
    above.put(blocked, value()).unwrap();
    assert_ne!(above.contracts_stamp(), deleted, "each stamp is used once");
    assert_eq!(below.contracts_stamp(), put);
    above.commit().unwrap();
    assert_ne!(below.contracts_stamp(), put);
}

/// As many layers as there are contexts at most, each with an entry or most of them without, on the native
/// stack of a small thread.
#[test]
fn entries_are_read_through_a_thousand_layers() {
    let work = || {
        for every in [1, 100] {
            let store: MemoryStore = [(Key::new(7, b"\xff"), Value::from(*b"store"))].into_iter().collect();
            let mut layer = Layer::over(&store);
            let mut expected = 1;
            for number in 0..1024_u32 {
                layer = Layer::above(&layer);
                if number % every == 0 {
                    layer.put(Key::new(7, &number.to_be_bytes()), Value::from(*b"layer")).unwrap();
                    expected += 1;
                }
            }
            for direction in [Direction::Forward, Direction::Backward] {
                let mut keys: Vec<_> = layer.find(&Key::new(7, &[]), direction).map(|entry| entry.unwrap().0).collect();
                if direction == Direction::Backward {
                    keys.reverse();
                }
                assert_eq!(keys.len(), expected);
                assert!(keys.is_sorted());
            }
        }
    };
    std::thread::Builder::new().stack_size(1 << 20).spawn(work).unwrap().join().unwrap();
}

/// A store that answers a number of times, and fails then.
struct Failing(MemoryStore, Cell<usize>);

impl Store for Failing {
    fn get(&self, key: &[u8]) -> Result<Option<Value>, StoreError> {
        let left = self.1.get().checked_sub(1).ok_or_else(|| StoreError("out of order".into()))?;
        self.1.set(left);
        self.0.get(key)
    }

    fn seek<'a>(&'a self, prefix: &[u8], from: Option<&[u8]>, direction: Direction) -> neovm_storage::Cursor<'a> {
        self.0.seek(prefix, from, direction)
    }
}

#[test]
fn a_write_makes_all_changes_or_none() {
    let keys = [0, 3, 6].map(|number| Key::from_bytes(&key(number)));
    let changes = keys.clone().map(|key| (key, Some(Value::from([1]))));
    for answers in 0..3 {
        let store = Failing(MemoryStore::default(), Cell::new(answers));
        let layer = Layer::over(&store);
        assert!(layer.write(&changes).is_err());
        assert_eq!(layer.changes(), []);
    }
    let store = Failing(MemoryStore::default(), Cell::new(3));
    let layer = Layer::over(&store);
    layer.write(&changes).unwrap();
    assert_eq!(layer.changes(), changes);
    // Nothing is asked for twice, not even what is not there.
    let store = Failing(MemoryStore::default(), Cell::new(1));
    let layer = Layer::over(&store);
    assert_eq!(layer.load(keys[0].clone()), Ok(None));
    assert_eq!(layer.load(keys[0].clone()), Ok(None));
    layer.write(&changes[..1]).unwrap();
    assert_eq!(layer.get(&keys[0]), Ok(Some(Value::from([1]))));
}
