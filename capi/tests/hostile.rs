//! Calls at random, with handles that were released, values that make no sense, and pointers that are null: errors,
//! never crashes.

mod common;

use std::{ffi::c_void, ptr};

use common::*;
use neovm_capi::*;

/// What a run of calls knows: handles of all kinds, released ones too.
struct Caller {
    random: Random,
    handles: Vec<u64>,
    engine: u64,
    machine: u64,
    depth: usize,
    succeeded: usize,
}

const NUMBERS: [u64; 9] = [0, 1, 2, 3, 255, 2048, 1 << 31, i64::MAX as u64, u64::MAX];

impl Caller {
    fn handle(&mut self) -> u64 {
        match self.random.below(8) {
            0 => self.random.one_of(&NUMBERS),
            1 => self.random.next(),
            2 => self.handles.last().copied().unwrap_or(0) + 1,
            _ if self.handles.is_empty() => 0,
            _ => {
                let place = self.random.below(self.handles.len());
                self.handles[place]
            }
        }
    }

    fn machine(&mut self) -> u64 {
        if self.random.below(20) == 0 { self.handle() } else { self.machine }
    }

    fn bytes(&mut self) -> Vec<u8> {
        let length = self.random.one_of(&[0, 1, 4, 20, 33, 300]);
        (0..length).map(|_| self.random.next() as u8).collect()
    }

    fn value(&mut self, bytes: &[u8]) -> neovm_value {
        neovm_value {
            kind: self.random.below(8) as u32,
            reserved: 0,
            integer: self.random.one_of(&NUMBERS) as i64,
            bytes: match self.random.below(8) {
                0 => neovm_bytes { data: ptr::null(), length: 1 },
                1 => neovm_bytes { data: bytes.as_ptr(), length: usize::MAX },
                2 => neovm_bytes { data: ptr::null(), length: 0 },
                _ => text(bytes),
            },
            item: self.handle(),
        }
    }

    /// A pointer to write to; sometimes null.
    fn maybe<T>(&mut self, place: &mut T) -> *mut T {
        if self.random.below(30) == 0 { ptr::null_mut() } else { ptr::from_mut(place) }
    }

    fn note(&mut self, status: i32, handle: u64) {
        if status == NEOVM_OK {
            self.succeeded += 1;
            self.handles.push(handle);
            if self.handles.len() > 200 {
                let place = self.random.below(100);
                self.handles.remove(place);
            }
        }
    }

    /// One call.
    fn call(&mut self) -> i32 {
        let machine = self.machine();
        let bytes = self.bytes();
        let mut made = 0_u64;
        let out = self.maybe(&mut made);
        let (mut number, mut size) = (0_u32, 0_usize);
        let mut some = [self.value(&bytes), self.value(&bytes), self.value(&bytes)];
        let count = self.random.below(4);
        let item = self.handle();
        let kind = self.random.below(6) as u8;
        // SAFETY: pointers are null, or lead to what they say; of the lengths that are not true, the library refuses those
        // that no list can have.
        unsafe {
            let status = match self.random.below(26) {
                0 => neovm_item_new(machine, some.as_ptr(), out),
                1 => {
                    let item_type = self.random.one_of(&[0, 0x20, 0x30, 0x40, 0x41, 0x48, 0x60, 999]);
                    neovm_item_new_compound(machine, item_type, some.as_ptr(), count, out)
                }
                2 => neovm_item_set(machine, item, &raw const some[0], &raw const some[1]),
                3 => neovm_item_children(machine, item, self.random.below(3), count, some.as_mut_ptr()),
                4 => neovm_item_value(machine, item, kind, some.as_mut_ptr()),
                5 => neovm_item_type(machine, item, &raw mut number, &raw mut size),
                6 => neovm_item_copy(machine, item, out),
                7 => neovm_item_keep(machine, item, out),
                8 => neovm_item_release(machine, item),
                9 => neovm_item_is_same(machine, item, some[0].item, &raw mut number),
                10 => neovm_item_object(machine, item, out),
                11 => {
                    let mut serialized = neovm_bytes { data: ptr::null(), length: 0 };
                    neovm_item_serialize(machine, item, &raw mut serialized)
                }
                12 => neovm_item_deserialize(machine, bytes.as_ptr(), bytes.len(), out),
                13 => neovm_machine_push(machine, some.as_ptr(), count),
                14 => {
                    let types = [kind, self.random.below(6) as u8, 0];
                    let status = neovm_machine_pop(machine, types.as_ptr(), count, some.as_mut_ptr());
                    if status == NEOVM_OK && count > 0 && some[0].kind == NEOVM_VALUE_ITEM {
                        made = some[0].item;
                    }
                    status
                }
                15 => neovm_machine_peek(machine, self.random.below(4), some.as_mut_ptr()),
                16 => neovm_machine_results(machine, self.random.below(3), count, some.as_mut_ptr()),
                17 => {
                    // Pushes a few things, and asks the host.
                    let asks = [0x11, 0xc2, 0x4a, 0x41, 1, 2, 3, 4, 0x41, 1, 2, 3, 4, 0x45];
                    let script = if self.random.below(2) == 0 { &bytes[..] } else { &asks[..] };
                    neovm_machine_load(machine, script.as_ptr(), script.len(), ptr::null(), out)
                }
                18 => neovm_machine_call(machine, self.random.one_of(&NUMBERS) as usize),
                19 if self.depth == 0 || self.random.below(4) == 0 => neovm_machine_run(machine, &raw mut number),
                20 => neovm_machine_step(machine, &raw mut number),
                21 if self.random.below(4) == 0 => neovm_machine_reset(machine, ptr::null()),
                22 => neovm_machine_set_exception(machine, some.as_ptr()),
                23 => neovm_machine_add_fee(machine, self.random.one_of(&NUMBERS)),
                24 => neovm_interrupt_set(self.handle(), 1),
                _ => {
                    let mut data = neovm_machine_data::zeros();
                    data.size = self.random.one_of(&[size_of::<neovm_machine_data>(), 8, 0, usize::MAX]);
                    neovm_machine_view(machine, &raw mut data)
                }
            };
            self.note(status, made);
            status
        }
    }
}

/// A call-back makes calls of its own, and returns whatever it likes.
unsafe extern "C" fn system_call(context: *mut c_void, _: neovm_machine, _: u32) -> i32 {
    // SAFETY: the context is that of the table, and whoever called waits.
    let caller: &mut Caller = unsafe { &mut *context.cast() };
    caller.depth += 1;
    if caller.depth < 4 {
        for _ in 0..caller.random.below(12) {
            assert_ne!(caller.call(), NEOVM_ERR_PANIC);
        }
    }
    caller.depth -= 1;
    caller.random.one_of(&[0, 0, 0, 0, 1, 2, 3, -1])
}

unsafe extern "C" fn unloaded(context: *mut c_void, machine: neovm_machine, _: u64, _: u32) -> i32 {
    // SAFETY: the context is that of the table.
    unsafe { system_call(context, machine, 0) }
}

fn calls(seed: u64, count: usize) -> usize {
    let engine = engine("private", NEOVM_COMPILE_NEVER);
    let mut caller = Caller { random: Random(seed), handles: Vec::new(), engine, machine: 0, depth: 0, succeeded: 0 };
    let context = ptr::from_mut(&mut caller).cast();
    let host = neovm_host {
        size: size_of::<neovm_host>(),
        context,
        system_call: Some(system_call),
        call_token: Some(system_call),
        unloaded: Some(unloaded),
    };
    // Only by this pointer from here on: call-backs use it, too.
    let caller: *mut Caller = context.cast();
    let size = size_of::<neovm_machine_options>();
    let options = neovm_machine_options { size, gas: 1_000_000, budget: 20_000, ..Zeros::zeros() };
    let machine = machine::new(engine, Some(&options), Some(&host)).unwrap();
    let interrupt = interrupt();
    // SAFETY: the caller lives until the end, and call-backs use it only while a call is under way.
    unsafe {
        (*caller).machine = machine;
        (*caller).handles.extend([engine, machine, interrupt]);
        for i in 0..count {
            assert_ne!((*caller).call(), NEOVM_ERR_PANIC, "seed {seed}, call {i}");
            if i % 50 == 0 {
                ok(machine::reset(machine, Some(&options)));
            }
        }
        ok(neovm_machine_free(machine));
        ok(neovm_interrupt_free(interrupt));
        ok(neovm_engine_free((*caller).engine));
        (*caller).succeeded
    }
}

#[test]
fn random_calls_are_errors_or_succeed() {
    let (seeds, each) = match std::env::var_os("NEOVM_LONG") {
        _ if cfg!(miri) => (2, 150),
        Some(_) => (10_000, 4000),
        None => (200, 4000),
    };
    let succeeded: usize = (1..=seeds).map(|seed| calls(u64::wrapping_mul(seed, 0x9e37_79b9_7f4a_7c15), each)).sum();
    // Most of it must not be refused at the door.
    assert!(succeeded * 4 > seeds as usize * each, "{succeeded} calls succeeded");
}
