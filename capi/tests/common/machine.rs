//! The machine level, by calls whose pointers lead to what they say.

use std::ptr;

use neovm_capi::*;

use super::{Zeros, bytes, message, words};

/// What a call writes, or the status that it fails with.
fn written<T: Zeros>(call: impl FnOnce(*mut T) -> i32) -> Result<T, i32> {
    let mut value = T::zeros();
    let status = call(&raw mut value);
    if status == NEOVM_OK { Ok(value) } else { Err(status) }
}

/// The values that a call writes, whose number it is told.
fn values<const N: usize>(call: impl FnOnce(usize, *mut neovm_value) -> i32) -> Result<[neovm_value; N], i32> {
    let mut values = [neovm_value::zeros(); N];
    let status = call(N, values.as_mut_ptr());
    if status == NEOVM_OK { Ok(values) } else { Err(status) }
}

/// A machine. Its host, if it has one, is freed after it.
pub(crate) fn new(
    engine: neovm_engine,
    options: Option<&neovm_machine_options>,
    host: Option<&neovm_host>,
) -> Result<neovm_machine, (i32, String)> {
    let (options, host) =
        (options.map_or(ptr::null(), ptr::from_ref), host.map_or(ptr::null(), |host: &neovm_host| ptr::from_ref(host)));
    let mut why = message();
    // SAFETY: structs say their sizes, or are left out.
    let made = written(|machine| unsafe { neovm_machine_new(engine, options, host, machine, &raw mut why) });
    made.map_err(|status| (status, words(&why)))
}

pub(crate) fn reset(machine: neovm_machine, options: Option<&neovm_machine_options>) -> i32 {
    // SAFETY: the struct says its size, or is left out.
    unsafe { neovm_machine_reset(machine, options.map_or(ptr::null(), ptr::from_ref)) }
}

pub(crate) fn load(machine: neovm_machine, script: &[u8]) -> Result<u64, i32> {
    // SAFETY: the script is there.
    written(|load| unsafe { neovm_machine_load(machine, script.as_ptr(), script.len(), ptr::null(), load) })
}

/// Runs, and returns the outcome.
pub(crate) fn run(machine: neovm_machine) -> Result<u32, i32> {
    // SAFETY: there is room for the number.
    written(|outcome| unsafe { neovm_machine_run(machine, outcome) })
}

pub(crate) fn step(machine: neovm_machine) -> Result<u32, i32> {
    // SAFETY: there is room for the number.
    written(|outcome| unsafe { neovm_machine_step(machine, outcome) })
}

pub(crate) fn view(machine: neovm_machine) -> neovm_machine_data {
    let mut data = neovm_machine_data { size: size_of::<neovm_machine_data>(), ..Zeros::zeros() };
    // SAFETY: the struct says its size.
    assert_eq!(unsafe { neovm_machine_view(machine, &raw mut data) }, NEOVM_OK);
    data
}

/// Why it faulted.
pub(crate) fn why(machine: neovm_machine) -> String {
    String::from_utf8_lossy(bytes(view(machine).fault)).into_owned()
}

/// All results, of which there must be so many.
pub(crate) fn results<const N: usize>(machine: neovm_machine) -> [neovm_value; N] {
    assert_eq!(view(machine).result_count, N);
    // SAFETY: there is room for the values.
    values(|count, to| unsafe { neovm_machine_results(machine, 0, count, to) }).unwrap()
}

pub(crate) fn pop<const N: usize>(machine: neovm_machine, types: [u8; N]) -> Result<[neovm_value; N], i32> {
    // SAFETY: the types are there, and room for the values is.
    values(|count, to| unsafe { neovm_machine_pop(machine, types.as_ptr(), count, to) })
}

pub(crate) fn push(machine: neovm_machine, values: &[neovm_value]) -> i32 {
    // SAFETY: the values are there, and their bytes are.
    unsafe { neovm_machine_push(machine, values.as_ptr(), values.len()) }
}

pub(crate) fn peek(machine: neovm_machine, depth: usize) -> Result<neovm_value, i32> {
    // SAFETY: there is room for the value.
    written(|value| unsafe { neovm_machine_peek(machine, depth, value) })
}

pub(crate) fn set_fault(machine: neovm_machine, text: &[u8]) -> i32 {
    // SAFETY: the text is there.
    unsafe { neovm_machine_set_fault(machine, text.as_ptr(), text.len()) }
}

pub(crate) fn set_exception(machine: neovm_machine, value: &neovm_value) -> i32 {
    // SAFETY: the value is there, and its bytes are.
    unsafe { neovm_machine_set_exception(machine, value) }
}

/// Makes an item of a value.
pub(crate) fn item(machine: neovm_machine, value: &neovm_value) -> Result<neovm_item, i32> {
    // SAFETY: the value is there, and its bytes are.
    written(|item| unsafe { neovm_item_new(machine, value, item) })
}

/// Makes a compound of values.
pub(crate) fn compound(machine: neovm_machine, item_type: u32, values: &[neovm_value]) -> Result<neovm_item, i32> {
    // SAFETY: the values are there, and their bytes are.
    written(|item| unsafe { neovm_item_new_compound(machine, item_type, values.as_ptr(), values.len(), item) })
}

/// The type of an item, and the number of its children.
pub(crate) fn kind(machine: neovm_machine, item: neovm_item) -> (u32, usize) {
    let mut count = 0;
    // SAFETY: there is room for the numbers.
    let kind = written(|kind| unsafe { neovm_item_type(machine, item, kind, &raw mut count) });
    (kind.unwrap(), count)
}

pub(crate) fn set(machine: neovm_machine, item: neovm_item, key: &neovm_value, value: &neovm_value) -> i32 {
    // SAFETY: the values are there, and their bytes are.
    unsafe { neovm_item_set(machine, item, key, value) }
}

pub(crate) fn children<const N: usize>(
    machine: neovm_machine,
    item: neovm_item,
    first: usize,
) -> Result<[neovm_value; N], i32> {
    // SAFETY: there is room for the values.
    values(|count, to| unsafe { neovm_item_children(machine, item, first, count, to) })
}

pub(crate) fn keep(machine: neovm_machine, item: neovm_item) -> Result<neovm_item, i32> {
    // SAFETY: there is room for the handle.
    written(|kept| unsafe { neovm_item_keep(machine, item, kept) })
}

pub(crate) fn copy(machine: neovm_machine, item: neovm_item) -> Result<neovm_item, i32> {
    // SAFETY: there is room for the handle.
    written(|copy| unsafe { neovm_item_copy(machine, item, copy) })
}

pub(crate) fn is_same(machine: neovm_machine, one: neovm_item, other: neovm_item) -> bool {
    // SAFETY: there is room for the number.
    written::<u32>(|same| unsafe { neovm_item_is_same(machine, one, other, same) }).unwrap() == 1
}

pub(crate) fn object(machine: neovm_machine, item: neovm_item) -> Result<u64, i32> {
    // SAFETY: there is room for the number.
    written(|object| unsafe { neovm_item_object(machine, item, object) })
}

pub(crate) fn serialize(machine: neovm_machine, item: neovm_item) -> Result<Vec<u8>, i32> {
    // SAFETY: there is room for the bytes' place.
    let serialized = written(|found| unsafe { neovm_item_serialize(machine, item, found) });
    serialized.map(|found| bytes(found).to_vec())
}

pub(crate) fn deserialize(machine: neovm_machine, bytes: &[u8]) -> Result<neovm_item, i32> {
    // SAFETY: the bytes are there.
    written(|item| unsafe { neovm_item_deserialize(machine, bytes.as_ptr(), bytes.len(), item) })
}
