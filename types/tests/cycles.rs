//! The release of cyclic compounds.

use std::{cell::Cell, rc::Rc};

use neovm_types::{
    Array, Interop, Map, StackItem,
    engine_internals::{Candidate, CompoundInternals, collect_cycles},
    item::Results,
};

/// Counts how many of its kind were dropped.
struct Witness(Rc<Cell<u32>>);

impl Drop for Witness {
    fn drop(&mut self) {
        self.0.set(self.0.get() + 1);
    }
}

/// Makes items that note their end in one counter.
#[derive(Default)]
struct Witnesses(Rc<Cell<u32>>);

impl Witnesses {
    fn item(&self) -> StackItem {
        StackItem::Interop(Interop::new(Witness(Rc::clone(&self.0))))
    }

    fn ended(&self) -> u32 {
        self.0.get()
    }
}

/// An array that holds itself and a witness.
fn loop_of_one(witnesses: &Witnesses) -> Array {
    let array = Array::new(vec![witnesses.item()]);
    array.push(StackItem::Array(array.clone())).unwrap();
    array
}

fn candidates(items: &[&Array]) -> Vec<Candidate> {
    items.iter().filter_map(|&array| Candidate::new(&StackItem::Array(array.clone()))).collect()
}

#[test]
fn only_compounds_are_candidates() {
    for item in [StackItem::Null, 1.into(), "a".into(), StackItem::buffer(&[1])] {
        assert!(Candidate::new(&item).is_none());
    }
    for item in [StackItem::array([]), StackItem::structure([]), StackItem::map()] {
        let candidate = Candidate::new(&item).unwrap();
        assert!(candidate.is_alive());
        drop(item);
        assert!(!candidate.is_alive());
    }
}

#[test]
fn a_cycle_outlives_its_last_holder_until_it_is_collected() {
    let witnesses = Witnesses::default();
    let array = loop_of_one(&witnesses);
    let mut candidates = candidates(&[&array]);
    drop(array);
    assert_eq!(witnesses.ended(), 0);
    collect_cycles(&mut candidates, false);
    assert_eq!((witnesses.ended(), candidates.len()), (1, 0));
}

#[test]
fn what_somebody_holds_is_kept() {
    let witnesses = Witnesses::default();
    let array = loop_of_one(&witnesses);
    let mut candidates = candidates(&[&array]);
    collect_cycles(&mut candidates, false);
    assert_eq!((witnesses.ended(), candidates.len(), array.len()), (0, 1, 2));
    drop(array);
    collect_cycles(&mut candidates, false);
    assert_eq!((witnesses.ended(), candidates.len()), (1, 0));
}

/// Array, struct and map in a ring; the map holds a witness in a list of its own.
fn ring(witnesses: &Witnesses) -> (Array, Array, Map) {
    let map = Map::new();
    let structure = Array::new(vec![StackItem::Map(map.clone())]);
    let array = Array::new(vec![StackItem::Struct(structure.clone())]);
    map.insert("next".into(), StackItem::Array(array.clone())).unwrap();
    map.insert("tail".into(), StackItem::array([witnesses.item()])).unwrap();
    (array, structure, map)
}

#[test]
fn a_ring_of_all_kinds_is_collected_from_any_member() {
    for member in 0..3 {
        let witnesses = Witnesses::default();
        let (array, structure, map) = ring(&witnesses);
        let items = [StackItem::Array(array), StackItem::Struct(structure), StackItem::Map(map)];
        let mut candidates = vec![Candidate::new(&items[member]).unwrap()];
        drop(items);
        collect_cycles(&mut candidates, false);
        assert_eq!((witnesses.ended(), candidates.len()), (1, 0), "member {member}");
    }
}

#[test]
fn a_ring_is_kept_by_a_holder_of_any_member() {
    for member in 0..3 {
        let witnesses = Witnesses::default();
        let (array, structure, map) = ring(&witnesses);
        let mut candidates = candidates(&[&array]);
        let mut items = vec![StackItem::Array(array), StackItem::Struct(structure), StackItem::Map(map)];
        let held = items.swap_remove(member);
        drop(items);
        collect_cycles(&mut candidates, false);
        assert_eq!((witnesses.ended(), candidates.len()), (0, 1), "member {member}");
        drop(held);
        collect_cycles(&mut candidates, false);
        assert_eq!(witnesses.ended(), 1);
    }
}

#[test]
fn a_cycle_that_a_held_compound_reaches_is_kept() {
    let witnesses = Witnesses::default();
    let cycle = loop_of_one(&witnesses);
    let mut candidates = candidates(&[&cycle]);
    let holder = StackItem::array([StackItem::Array(cycle)]);
    collect_cycles(&mut candidates, false);
    assert_eq!(witnesses.ended(), 0);
    drop(holder);
    collect_cycles(&mut candidates, false);
    assert_eq!(witnesses.ended(), 1);
}

#[test]
fn what_garbage_shares_with_held_compounds_is_kept() {
    let witnesses = Witnesses::default();
    let shared = StackItem::array([witnesses.item()]);
    let garbage = loop_of_one(&witnesses);
    garbage.push(shared.clone()).unwrap();
    let mut candidates = candidates(&[&garbage]);
    drop(garbage);
    collect_cycles(&mut candidates, false);
    assert_eq!(witnesses.ended(), 1);
    let StackItem::Array(shared) = &shared else { panic!("no array") };
    assert_eq!((shared.len(), shared.is_unique()), (1, true));
}

#[test]
fn results_free_their_cycles() {
    let witnesses = Witnesses::default();
    let (array, structure, map) = ring(&witnesses);
    drop((structure, map));
    // What is returned is no part of a cycle, but leads to two.
    let outer =
        StackItem::array([StackItem::array([StackItem::Array(array)]), StackItem::Array(loop_of_one(&witnesses))]);
    let results = Results::from(vec![1.into(), outer.clone(), outer]);
    let copy = results.clone();
    drop(results);
    assert_eq!(witnesses.ended(), 0);
    drop(copy);
    assert_eq!(witnesses.ended(), 2);
}

#[test]
fn results_spare_what_somebody_holds() {
    let witnesses = Witnesses::default();
    let (array, ..) = ring(&witnesses);
    drop(Results::from(vec![StackItem::Array(array.clone()), StackItem::Array(loop_of_one(&witnesses))]));
    assert_eq!((witnesses.ended(), array.len()), (1, 1));
    drop(Results::from(vec![StackItem::Array(array)]));
    assert_eq!(witnesses.ended(), 2);
}

#[test]
fn two_cycles_are_told_apart() {
    let witnesses = Witnesses::default();
    let (first, second) = (loop_of_one(&witnesses), loop_of_one(&witnesses));
    let mut candidates = candidates(&[&first, &second]);
    drop(first);
    collect_cycles(&mut candidates, false);
    assert_eq!((witnesses.ended(), candidates.len(), second.len()), (1, 1, 2));
    second.clear().unwrap();
}

#[test]
fn a_candidate_may_be_listed_twice_and_need_not_be_cyclic() {
    let witnesses = Witnesses::default();
    let (cycle, plain) = (loop_of_one(&witnesses), Array::new(vec![witnesses.item()]));
    let mut candidates = candidates(&[&cycle, &cycle, &plain]);
    drop(cycle);
    collect_cycles(&mut candidates, false);
    assert_eq!((witnesses.ended(), candidates.len(), plain.len()), (1, 1, 1));
}

#[test]
fn counted_compounds_are_not_looked_through_while_a_script_runs() {
    let witnesses = Witnesses::default();
    let cycle = loop_of_one(&witnesses);
    let mut candidates = candidates(&[&cycle]);
    cycle.header().set_references(1);
    drop(cycle);
    collect_cycles(&mut candidates, true);
    assert_eq!((witnesses.ended(), candidates.len()), (0, 1));
    collect_cycles(&mut candidates, false);
    assert_eq!((witnesses.ended(), candidates.len()), (1, 0));
}

#[test]
fn an_uncounted_cycle_is_freed_though_it_reaches_a_counted_compound() {
    let witnesses = Witnesses::default();
    let counted = Array::new(vec![witnesses.item()]);
    counted.header().set_references(1);
    let cycle = loop_of_one(&witnesses);
    cycle.push(StackItem::Array(counted.clone())).unwrap();
    let mut candidates = candidates(&[&cycle]);
    drop(cycle);
    collect_cycles(&mut candidates, true);
    assert_eq!((witnesses.ended(), candidates.len()), (1, 0));
    assert_eq!((counted.len(), counted.is_unique()), (1, true));
}

#[test]
fn a_tracked_compound_is_tracked_once() {
    let array = Array::new(vec![]);
    assert!(array.header().track());
    assert!(!array.header().track());
    assert!(!array.header().is_linked() && !array.header().is_read_only());
}
