//! The machine level.

mod common;

use std::{cell::Cell, ffi::c_void, ptr, thread};

use common::{
    Zeros, bytes, engine,
    machine::{
        self, children, compound, copy, deserialize, is_same, keep, kind, object, peek, pop, push, reset, results,
        serialize, set, set_exception, set_fault, step, view, why,
    },
    ok, on_small_stack, text,
};
use neovm::{OpCode, types::ScriptBuilder};
use neovm_capi::*;

/// What a test's call-backs do.
struct Guest<'a> {
    system_call: &'a mut dyn FnMut(neovm_machine, u32) -> i32,
    unloaded: Vec<(u64, u32)>,
}

unsafe extern "C" fn system_call(context: *mut c_void, machine: neovm_machine, id: u32) -> i32 {
    // SAFETY: the context is that of the table.
    let guest: &mut Guest<'_> = unsafe { &mut *context.cast() };
    (guest.system_call)(machine, id)
}

unsafe extern "C" fn call_token(context: *mut c_void, machine: neovm_machine, token: u32) -> i32 {
    // SAFETY: the context is that of the table.
    unsafe { system_call(context, machine, 0x10000 | token) }
}

unsafe extern "C" fn unloaded(context: *mut c_void, _: neovm_machine, load: u64, threw: u32) -> i32 {
    // SAFETY: the context is that of the table.
    let guest: &mut Guest<'_> = unsafe { &mut *context.cast() };
    guest.unloaded.push((load, threw));
    NEOVM_CALL_OK
}

fn host(guest: &mut Guest<'_>) -> neovm_host {
    neovm_host {
        size: size_of::<neovm_host>(),
        context: ptr::from_mut(guest).cast(),
        system_call: Some(system_call),
        call_token: Some(call_token),
        unloaded: Some(unloaded),
    }
}

fn machine(engine: neovm_engine, host: Option<&neovm_host>) -> neovm_machine {
    machine::new(engine, None, host).unwrap()
}

fn load(machine: neovm_machine, script: &[u8]) -> u64 {
    machine::load(machine, script).unwrap()
}

fn go(machine: neovm_machine) -> u32 {
    machine::run(machine).unwrap()
}

fn integer(integer: i64) -> neovm_value {
    neovm_value { kind: NEOVM_VALUE_INTEGER, integer, ..Zeros::zeros() }
}

fn item(item: neovm_item) -> neovm_value {
    neovm_value { kind: NEOVM_VALUE_ITEM, item, ..Zeros::zeros() }
}

fn byte_string(content: &[u8]) -> neovm_value {
    neovm_value { kind: NEOVM_VALUE_BYTES, bytes: text(content), ..Zeros::zeros() }
}

fn script(build: impl FnOnce(&mut ScriptBuilder)) -> Vec<u8> {
    let mut builder = ScriptBuilder::new();
    build(&mut builder);
    builder.build().unwrap().bytes().to_vec()
}

#[test]
fn scripts_run_and_give_results() {
    let engine = engine("private", NEOVM_COMPILE_BACKGROUND);
    let machine = machine(engine, None);
    let script = script(|it| {
        it.push(2).push(40).op(OpCode::ADD).push("text").push(true).op(OpCode::PUSHNULL);
        it.push(1).push(200).op(OpCode::SHL).op(OpCode::NEWARRAY0);
    });
    assert!(load(machine, &script) > 0);
    assert_eq!(go(machine), NEOVM_OUTCOME_HALT);
    let [sum, word, yes, null, wide, array] = results(machine);
    assert_eq!((sum.kind, sum.integer), (NEOVM_VALUE_INTEGER, 42));
    assert_eq!((word.kind, bytes(word.bytes)), (NEOVM_VALUE_BYTES, &b"text"[..]));
    assert_eq!((yes.kind, yes.integer), (NEOVM_VALUE_BOOLEAN, 1));
    assert_eq!(null.kind, NEOVM_VALUE_NULL);
    let power = [vec![0; 25], vec![1]].concat();
    assert_eq!((wide.kind, bytes(wide.bytes)), (NEOVM_VALUE_INTEGER, &power[..]));
    assert_eq!((array.kind, kind(machine, array.item)), (NEOVM_VALUE_ITEM, (NEOVM_TYPE_ARRAY, 0)));
    let data = view(machine);
    assert_eq!((data.outcome, data.depth, data.position), (NEOVM_OUTCOME_HALT, 0, -1));
    assert_eq!(data.gas_pico_low, (1 + 1 + 8 + 8 + 1 + 1 + 1 + 1 + 8 + 16) * 300_000);
    ok(neovm_machine_free(machine));
    assert_eq!(neovm_machine_free(machine), NEOVM_ERR_HANDLE);
    ok(neovm_engine_free(engine));
}

#[test]
fn empty_bytes_are_null() {
    let engine = engine("private", NEOVM_COMPILE_NEVER);
    let mut call = |machine: neovm_machine, _: u32| {
        for value in pop(machine, [NEOVM_AS_BYTES; 3]).unwrap() {
            assert_eq!(value.kind, NEOVM_VALUE_BYTES);
            assert!(bytes(value.bytes).is_empty());
        }
        NEOVM_CALL_OK
    };
    let mut guest = Guest { system_call: &mut call, unloaded: Vec::new() };
    let host = host(&mut guest);
    let machine = machine(engine, Some(&host));
    assert!(bytes(view(machine).fault).is_empty());
    // A constant, what is made of one, and a buffer.
    let script = script(|it| {
        it.push("").push("").push("").op(OpCode::CAT).push(0).op(OpCode::NEWBUFFER).syscall_id(0x1234);
    });
    load(machine, &script);
    assert_eq!(go(machine), NEOVM_OUTCOME_HALT, "{}", why(machine));
    ok(neovm_machine_free(machine));
    ok(neovm_engine_free(engine));
}

#[test]
fn system_calls_pop_and_push() {
    let engine = engine("private", NEOVM_COMPILE_NEVER);
    let mut ids = Vec::new();
    let mut call = |machine: neovm_machine, id: u32| {
        ids.push(id);
        let [number, text, list] = pop(machine, [NEOVM_AS_INTEGER, NEOVM_AS_BYTES, NEOVM_AS_ITEM]).unwrap();
        assert_eq!((number.integer, bytes(text.bytes)), (7, &b"name"[..]));
        ok(neovm_machine_add_fee(machine, 1));
        // The item, not a copy of it: the script sees what the machine sees.
        ok(push(machine, &[number, text, list]));
        NEOVM_CALL_OK
    };
    let mut guest = Guest { system_call: &mut call, unloaded: Vec::new() };
    let host = host(&mut guest);
    let machine = machine(engine, Some(&host));
    let script = script(|it| {
        // The array is kept below, and changed after the call.
        it.op(OpCode::NEWARRAY0).op(OpCode::DUP).push("name").push(7).syscall_id(0x1234);
        it.push(1).op(OpCode::APPEND).op(OpCode::DROP).op(OpCode::DROP).op(OpCode::SIZE);
    });
    let id = load(machine, &script);
    assert_eq!(go(machine), NEOVM_OUTCOME_HALT, "{}", why(machine));
    // SIZE of an array is its count.
    let [size] = results(machine);
    assert_eq!(size.integer, 1);
    assert_eq!(view(machine).gas_pico_low % 300_000, 1);
    ok(neovm_machine_free(machine));
    assert_eq!(guest.unloaded, [(id, 0)]);
    assert_eq!(ids, [0x1234]);
    ok(neovm_engine_free(engine));
}

#[test]
fn call_backs_fault_throw_and_fail() {
    let engine = engine("private", NEOVM_COMPILE_NEVER);
    let mut call = |machine: neovm_machine, id: u32| match id {
        1 => {
            ok(set_fault(machine, b"no such thing"));
            NEOVM_CALL_FAULT
        }
        2 => {
            ok(set_exception(machine, &byte_string(b"thrown")));
            NEOVM_CALL_THROW
        }
        3 => -77,
        4 => NEOVM_CALL_THROW,
        5 => {
            assert_eq!(pop(machine, [NEOVM_AS_INTEGER]).err(), Some(NEOVM_ERR_FAULT));
            NEOVM_CALL_FAULT
        }
        6 => {
            assert_eq!(neovm_machine_add_fee(machine, u64::MAX), NEOVM_OK);
            NEOVM_CALL_OK
        }
        7 => NEOVM_CALL_FAULT,
        _ => 99,
    };
    let mut guest = Guest { system_call: &mut call, unloaded: Vec::new() };
    let host = host(&mut guest);
    let machine = machine(engine, Some(&host));
    let run = |build: &dyn Fn(&mut ScriptBuilder)| {
        ok(reset(machine, None));
        load(machine, &script(|it| build(it)));
        (go(machine), view(machine).callback_error, why(machine))
    };
    let told = |code, error, text: &str| (code, error, text.to_owned());
    assert_eq!(
        run(&|it| {
            it.syscall_id(1);
        }),
        told(NEOVM_OUTCOME_FAULT, 0, "no such thing")
    );
    assert_eq!(
        run(&|it| {
            it.syscall_id(7);
        }),
        told(NEOVM_OUTCOME_FAULT, 0, "the host gave no reason")
    );
    // What a script can catch it catches.
    let caught = run(&|it| {
        it.op_with(OpCode::TRY, &[8, 0]).syscall_id(2).op_with(OpCode::ENDTRY, &[2]);
    });
    assert_eq!(caught, told(NEOVM_OUTCOME_HALT, 0, ""));
    assert_eq!(bytes(results::<1>(machine)[0].bytes), b"thrown");
    // A call-back's own error cannot be caught, and is no fault.
    for (id, code) in [(3, -77), (4, NEOVM_ERR_ARGUMENT), (8, 99)] {
        let (outcome, error, _) = run(&|it| {
            it.op_with(OpCode::TRY, &[8, 0]).syscall_id(id).op_with(OpCode::ENDTRY, &[2]);
        });
        assert_eq!((outcome, error), (NEOVM_OUTCOME_CALLBACK, code));
        assert_eq!(go(machine), NEOVM_OUTCOME_CALLBACK, "it does not go on");
        assert_eq!(view(machine).outcome, NEOVM_OUTCOME_CALLBACK);
    }
    let (outcome, _, text) = run(&|it| {
        it.op(OpCode::NEWMAP).syscall_id(5);
    });
    assert_eq!((outcome, &*text), (NEOVM_OUTCOME_FAULT, "Specified cast is not valid."));
    let (outcome, _, text) = run(&|it| {
        it.syscall_id(5);
    });
    assert_eq!((outcome, &*text), (NEOVM_OUTCOME_FAULT, "Out of stack bounds: 0/0 (Parameter 'index')"));
    assert_eq!(
        run(&|it| {
            it.syscall_id(6);
        }),
        told(NEOVM_OUTCOME_HALT, 0, "")
    );
    // CALLT goes to its own call-back.
    assert_eq!(
        run(&|it| {
            it.op_with(OpCode::CALLT, &[1, 0]);
        }),
        told(NEOVM_OUTCOME_CALLBACK, 99, "a call-back failed with 99")
    );
    ok(neovm_machine_free(machine));
    ok(neovm_engine_free(engine));
}

/// A reason is one of the call-back that gives it, not of a later one.
#[test]
fn reasons_do_not_outlive_their_call_back() {
    let engine = engine("private", NEOVM_COMPILE_NEVER);
    for code in [NEOVM_CALL_FAULT, NEOVM_CALL_THROW] {
        let mut call = |_, id| if id == 1 { code } else { NEOVM_CALL_OK };
        let mut guest = Guest { system_call: &mut call, unloaded: Vec::new() };
        let host = host(&mut guest);
        let machine = machine(engine, Some(&host));
        load(
            machine,
            &script(|it| {
                it.syscall_id(1);
            }),
        );
        ok(set_fault(machine, b"old"));
        ok(set_exception(machine, &integer(7)));
        match code {
            NEOVM_CALL_FAULT => {
                assert_eq!(go(machine), NEOVM_OUTCOME_FAULT);
                assert_eq!(why(machine), "the host gave no reason");
            }
            _ => assert_eq!(go(machine), NEOVM_OUTCOME_CALLBACK),
        }
        ok(neovm_machine_free(machine));
    }
    ok(neovm_engine_free(engine));
}

/// A call-back that cannot load another script need not say why.
#[test]
fn a_load_that_fails_is_a_reason() {
    let engine = engine("private", NEOVM_COMPILE_NEVER);
    let again = script(|it| {
        it.syscall_id(1);
    });
    let mut call = |machine, _| machine::load(machine, &again).map_or(NEOVM_CALL_FAULT, |_| NEOVM_CALL_OK);
    let mut guest = Guest { system_call: &mut call, unloaded: Vec::new() };
    let host = host(&mut guest);
    let machine = machine(engine, Some(&host));
    load(machine, &again);
    assert_eq!(go(machine), NEOVM_OUTCOME_FAULT);
    assert_eq!(why(machine), "MaxInvocationStackSize exceed: 1024");
    ok(neovm_machine_free(machine));
    ok(neovm_engine_free(engine));
}

/// A call-back loads a script, as a contract call does, and items live as long as they should.
#[test]
fn call_backs_load_scripts_and_keep_items() {
    let engine = engine("private", NEOVM_COMPILE_FOREGROUND);
    let callee = script(|it| {
        it.push(1).op(OpCode::APPEND);
    });
    let (kept, passing) = (Cell::new(0), Cell::new(0));
    let mut call = |machine: neovm_machine, _: u32| {
        let list = pop(machine, [NEOVM_AS_ITEM]).unwrap();
        passing.set(list[0].item);
        kept.set(keep(machine, passing.get()).unwrap());
        assert!(is_same(machine, kept.get(), passing.get()));
        load(machine, &callee);
        // Not in a call-back.
        assert_eq!(machine::run(machine), Err(NEOVM_ERR_BUSY));
        assert_eq!(step(machine), Err(NEOVM_ERR_BUSY));
        assert_eq!(reset(machine, None), NEOVM_ERR_BUSY);
        assert_eq!(neovm_machine_free(machine), NEOVM_ERR_BUSY);
        ok(push(machine, &list));
        NEOVM_CALL_OK
    };
    let mut guest = Guest { system_call: &mut call, unloaded: Vec::new() };
    let host = host(&mut guest);
    let machine = machine(engine, Some(&host));
    let entry = load(
        machine,
        &script(|it| {
            it.op(OpCode::NEWARRAY0).op(OpCode::DUP).syscall_id(1).op(OpCode::SIZE);
        }),
    );
    assert_eq!(go(machine), NEOVM_OUTCOME_HALT, "{}", why(machine));
    assert_eq!(results::<1>(machine)[0].integer, 1);
    assert_eq!(children::<1>(machine, kept.get(), 0).unwrap()[0].integer, 1);
    assert_eq!(children::<1>(machine, passing.get(), 0).err(), Some(NEOVM_ERR_HANDLE));
    ok(neovm_item_release(machine, kept.get()));
    assert_eq!(neovm_item_release(machine, kept.get()), NEOVM_ERR_HANDLE);
    ok(neovm_machine_free(machine));
    assert_eq!(guest.unloaded.len(), 2);
    assert_eq!(guest.unloaded[1], (entry, 0));
    ok(neovm_engine_free(engine));
}

#[test]
fn items_are_made_changed_and_read() {
    let engine = engine("private", NEOVM_COMPILE_NEVER);
    let machine = machine(engine, None);
    let make = |item_type, values: &[neovm_value]| compound(machine, item_type, values);
    let name = byte_string(b"name");
    let array = make(NEOVM_TYPE_ARRAY, &[integer(1), name]).unwrap();
    let map = make(NEOVM_TYPE_MAP, &[name, item(array)]).unwrap();
    assert_eq!(make(NEOVM_TYPE_MAP, &[name]), Err(NEOVM_ERR_ARGUMENT));
    assert_eq!(make(NEOVM_TYPE_MAP, &[item(array), name]), Err(NEOVM_ERR_FAULT));
    assert_eq!(make(NEOVM_TYPE_BOOLEAN, &[]), Err(NEOVM_ERR_ARGUMENT));
    let set = |target, key, value| set(machine, target, &key, &value);
    ok(set(array, integer(2), item(map)));
    ok(set(array, integer(0), integer(5)));
    assert_eq!(set(array, integer(9), integer(5)), NEOVM_ERR_FAULT);
    assert_eq!(set(array, integer(-1), integer(5)), NEOVM_ERR_ARGUMENT);
    let found = children::<3>(machine, array, 0).unwrap();
    assert_eq!((found[0].integer, bytes(found[1].bytes)), (5, &b"name"[..]));
    for first in [1, usize::MAX] {
        assert_eq!(children::<3>(machine, array, first).err(), Some(NEOVM_ERR_ARGUMENT));
    }
    // The copy of a cycle is a cycle.
    let copied = copy(machine, array).unwrap();
    assert!(!is_same(machine, array, copied));
    // An object of the host is its own.
    let own = neovm_value { kind: NEOVM_VALUE_OBJECT, item: 0xfeed, ..Zeros::zeros() };
    let handle = machine::item(machine, &own).unwrap();
    assert_eq!(object(machine, handle), Ok(0xfeed));
    assert_eq!(object(machine, array), Err(NEOVM_ERR_ARGUMENT));
    // Serialized and back; a cycle cannot be.
    let list = make(NEOVM_TYPE_STRUCT, &[integer(1), name]).unwrap();
    let again = deserialize(machine, &serialize(machine, list).unwrap()).unwrap();
    assert_eq!(kind(machine, again), (NEOVM_TYPE_STRUCT, 2));
    assert_eq!(serialize(machine, array), Err(NEOVM_ERR_FAULT));
    assert_eq!(deserialize(machine, b"\xff"), Err(NEOVM_ERR_FAULT));
    // What a script holds is changed by scripts alone.
    load(machine, &[OpCode::NOP as u8]);
    ok(push(machine, &[item(array)]));
    assert_eq!((step(machine), view(machine).stack_size), (Ok(0), 1));
    assert_eq!(set(array, integer(0), integer(6)), NEOVM_ERR_FAULT);
    assert_eq!(peek(machine, 0).unwrap().kind, NEOVM_VALUE_ITEM);
    assert_eq!(peek(machine, 1).err(), Some(NEOVM_ERR_FAULT));
    ok(neovm_machine_free(machine));
    ok(neovm_engine_free(engine));
}

/// A machine is another thread's nothing, and is freed with its own.
#[test]
fn a_machine_belongs_to_its_thread() {
    let engine = engine("private", NEOVM_COMPILE_NEVER);
    let own = machine(engine, None);
    thread::spawn(move || {
        assert_eq!(neovm_machine_free(own), NEOVM_ERR_HANDLE);
        assert_eq!(machine::run(own), Err(NEOVM_ERR_HANDLE));
        // This one is left behind, with an item that refers to itself.
        let left = machine(engine, None);
        load(
            left,
            &script(|it| {
                it.op(OpCode::NEWARRAY0).op(OpCode::DUP).op(OpCode::DUP).op(OpCode::APPEND);
            }),
        );
        assert_eq!(go(left), NEOVM_OUTCOME_HALT);
    })
    .join()
    .unwrap();
    ok(neovm_machine_free(own));
    ok(neovm_engine_free(engine));
}

/// Deep items, budgets and interrupts, on the stack that the header promises to be enough.
#[test]
fn machines_run_on_a_small_stack() {
    on_small_stack(|| {
        let engine = engine("private", NEOVM_COMPILE_EAGER);
        let machine = machine(engine, None);
        load(
            machine,
            &script(|it| {
                it.op(OpCode::NEWARRAY0);
                for _ in 0..2000 {
                    it.push(1).op(OpCode::PACK);
                }
            }),
        );
        ok(neovm_machine_set_budget(machine, 100));
        assert_eq!(go(machine), NEOVM_OUTCOME_BUDGET);
        assert_eq!(view(machine).instructions, 100);
        ok(neovm_machine_set_budget(machine, 0));
        assert_eq!(go(machine), NEOVM_OUTCOME_HALT);
        let [deep] = results(machine);
        ok(neovm_item_release(machine, copy(machine, deep.item).unwrap()));
        ok(reset(machine, None));
        // Calls as deep as there may be.
        load(machine, &[OpCode::CALL as u8, 0]);
        assert_eq!(go(machine), NEOVM_OUTCOME_FAULT);
        assert_eq!(why(machine), "MaxInvocationStackSize exceed: 1024");
        ok(neovm_machine_free(machine));
        ok(neovm_engine_free(engine));
    });
}

/// A script whose number cannot be written is not loaded.
#[test]
fn what_cannot_be_answered_is_not_done() {
    let engine = engine("private", NEOVM_COMPILE_NEVER);
    let machine = machine(engine, None);
    let mut numbers = [0_u64; 2];
    let misaligned = numbers.as_mut_ptr().cast::<u8>().wrapping_add(1).cast();
    // SAFETY: the script is there; nothing is written to where no number can be.
    let status = unsafe { neovm_machine_load(machine, [0x11].as_ptr(), 1, ptr::null(), misaligned) };
    assert_eq!((status, view(machine).depth), (NEOVM_ERR_ARGUMENT, 0));
    ok(neovm_machine_free(machine));
    ok(neovm_engine_free(engine));
}

#[test]
fn hardforks_and_limits_are_options() {
    let engine = engine("private", NEOVM_COMPILE_NEVER);
    let size = size_of::<neovm_machine_options>();
    let mut options = neovm_machine_options { size, hardfork: text(b"Nowhere"), ..Zeros::zeros() };
    let (status, told) = machine::new(engine, Some(&options), None).unwrap_err();
    assert!(status == NEOVM_ERR_INPUT && told.contains("Nowhere"), "{status}: {told}");
    (options.hardfork, options.gas) = (text(b"Genesis"), -1);
    assert_eq!(machine::new(engine, Some(&options), None).unwrap_err().0, NEOVM_ERR_ARGUMENT);
    (options.gas, options.fee_factor) = (1, 3000);
    let machine = machine::new(engine, Some(&options), None).unwrap();
    load(machine, &[OpCode::NOP as u8, OpCode::NOP as u8, OpCode::NOP as u8, OpCode::NOP as u8]);
    assert_eq!(go(machine), NEOVM_OUTCOME_FAULT);
    assert_eq!((view(machine).gas_pico_low, &*why(machine)), (12_000, "Insufficient GAS."));
    ok(neovm_machine_free(machine));
    ok(neovm_engine_free(engine));
}
