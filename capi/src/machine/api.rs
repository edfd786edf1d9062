//! Functions that take a machine.

use std::rc::Rc;

use neovm::{Gas, Hardfork, LoadOptions, RunOptions, Script, State, Vm, types::engine_internals::ItemInternals};

use super::{
    Machine,
    host::{Callbacks, neovm_host},
    items::fault,
};
use crate::{
    abi::*,
    boundary::{self, Failure, Outcome, guard, guard_with},
    engine::{engine, interrupt_flag},
    run,
};

/// Makes a machine. `options` and `host` may be null. `engine` says where decoded scripts come from; its network does not
/// matter.
///
/// The machine belongs to the thread that calls this: on other threads its handle stands for nothing. Release it by
/// `neovm_machine_free`; at the end of the thread it is released, too.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn neovm_machine_new(
    engine: neovm_engine,
    options: *const neovm_machine_options,
    host: *const neovm_host,
    machine: *mut neovm_machine,
    message: *mut neovm_message,
) -> i32 {
    let body = || {
        boundary::check(machine)?;
        let network = self::engine(engine)?;
        // SAFETY: structs of the caller are what their sizes say.
        let (options, host) = unsafe { (boundary::read_or_zero(options)?, boundary::read_or_zero(host)?) };
        // SAFETY: bytes of the caller are there.
        let name = unsafe { boundary::bytes(options.hardfork)? };
        let hardfork = if name.is_empty() {
            Hardfork::default()
        } else {
            let name = String::from_utf8_lossy(name);
            name.parse().map_err(|error| Failure::new(NEOVM_ERR_INPUT, format!("hardfork: {error}")))?
        };
        let config = network.engine().config().vm.clone().with_hardfork(hardfork);
        let mut vm = Vm::new(config, run_options(&options)?);
        vm.set_interrupt(interrupt_flag(options.interrupt)?);
        // SAFETY: the caller has room for the handle.
        unsafe { boundary::put(machine, Machine::new(network, vm, host).publish()?) }
    };
    // SAFETY: the message is what its size says.
    unsafe { guard_with(message, body) }
}

/// Releases a machine and all its items. Not while it runs.
#[unsafe(no_mangle)]
pub extern "C" fn neovm_machine_free(machine: neovm_machine) -> i32 {
    guard(|| Machine::free(machine))
}

/// Empties a machine for another execution, and releases all its items. `options` may be null; the hardfork stays what it
/// was. Not while it runs.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn neovm_machine_reset(machine: neovm_machine, options: *const neovm_machine_options) -> i32 {
    guard(|| {
        // SAFETY: the struct of the caller is what its size says.
        let options = unsafe { boundary::read_or_zero(options)? };
        let (limits, interrupt) = (run_options(&options)?, interrupt_flag(options.interrupt)?);
        Machine::at_rest(machine, |machine, vm| {
            machine.callback_error.set(0);
            machine.empty(vm, limits);
            vm.set_interrupt(interrupt);
            Ok(())
        })
    })
}

fn run_options(options: &neovm_machine_options) -> Outcome<RunOptions> {
    let gas = match options.gas {
        0 => i64::MAX,
        gas if gas > 0 => gas,
        gas => return Err(Failure::argument(format!("gas is {gas}"))),
    };
    let mut limits = RunOptions::new(Gas::from_datoshi(gas));
    if options.fee_factor > 0 {
        limits = limits.with_fee_factor(Gas::from_pico(options.fee_factor.into()));
    }
    Ok(if options.budget > 0 { limits.with_budget(options.budget) } else { limits })
}

/// Loads a script on top of the invocation stack, with a stack of its own: what is pushed next are its arguments. In a
/// call-back, it runs when that returns. `options` and `load` may be null; `load` gets a number that no other script of
/// the machine has.
///
/// Returns `NEOVM_ERR_FAULT` if the machine cannot take another script.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn neovm_machine_load(
    machine: neovm_machine,
    script: *const u8,
    script_length: usize,
    options: *const neovm_load_options,
    load: *mut u64,
) -> i32 {
    guard(|| {
        if !load.is_null() {
            boundary::check(load)?;
        }
        // SAFETY: structs and bytes of the caller are there.
        let (options, script) = unsafe { (boundary::read_or_zero(options)?, boundary::list(script, script_length)?) };
        boundary::check_reserved(options.reserved)?;
        let mut how = LoadOptions::default().with_position(options.position).with_free(options.is_free != 0);
        if options.checks_return_count != 0 {
            let count = i32::try_from(options.return_count);
            how = how.with_return_count(count.map_err(|_| Failure::argument("return_count"))?);
        }
        let script = Script::from(script.to_vec());
        let id = Machine::enter(machine, |machine, caller, _| {
            let code = machine.network.engine().prepare_with(&script, caller.prices());
            code.and_then(|code| caller.load(code, how)).map_err(|kind| machine.failed(kind))
        })?;
        if load.is_null() {
            return Ok(());
        }
        // SAFETY: the caller has room for the number.
        unsafe { boundary::put(load, id.get()) }
    })
}

/// Puts a context on the invocation stack that starts at a position of the current script and shares its stack. With
/// this a host runs `_initialize` before a method.
#[unsafe(no_mangle)]
pub extern "C" fn neovm_machine_call(machine: neovm_machine, position: usize) -> i32 {
    guard(|| {
        let position = i64::try_from(position).map_err(|_| Failure::argument("position"))?;
        Machine::enter(machine, |machine, caller, _| caller.call(position).map_err(|kind| machine.failed(kind)))
    })
}

/// Runs until the execution ends or is stopped, and writes how: `NEOVM_OUTCOME_HALT` and so on. If it was stopped, it goes
/// on at the next call.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn neovm_machine_run(machine: neovm_machine, outcome: *mut u32) -> i32 {
    guard(|| {
        boundary::check(outcome)?;
        let how = drive(machine, |vm, host| run::code(&vm.run(host)))?;
        // SAFETY: the caller has room for the number.
        unsafe { boundary::put(outcome, how) }
    })
}

/// Runs one instruction, regardless of budget and interrupt, and writes how the execution ended, or 0 if it has not.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn neovm_machine_step(machine: neovm_machine, outcome: *mut u32) -> i32 {
    guard(|| {
        boundary::check(outcome)?;
        let how = drive(machine, |vm, host| vm.step(host).as_ref().map_or(0, run::code))?;
        // SAFETY: the caller has room for the number.
        unsafe { boundary::put(outcome, how) }
    })
}

fn drive(handle: neovm_machine, go: impl FnOnce(&mut Vm, &mut Callbacks) -> u32) -> Outcome<u32> {
    let found = Machine::find(handle)?;
    Machine::at_rest(handle, |machine, vm| {
        if machine.callback_error.get() != 0 {
            return Ok(NEOVM_OUTCOME_CALLBACK);
        }
        machine.items.borrow_mut().take_back_bytes();
        let outcome = go(vm, &mut Callbacks { machine: Rc::clone(&found), handle });
        Ok(if machine.callback_error.get() != 0 { NEOVM_OUTCOME_CALLBACK } else { outcome })
    })
}

/// Sets how many instructions may run from now on; 0 for no limit.
#[unsafe(no_mangle)]
pub extern "C" fn neovm_machine_set_budget(machine: neovm_machine, instructions: u64) -> i32 {
    guard(|| {
        Machine::at_rest(machine, |_, vm| {
            vm.set_budget((instructions > 0).then_some(instructions));
            Ok(())
        })
    })
}

/// Writes the state of a machine.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn neovm_machine_view(machine: neovm_machine, data: *mut neovm_machine_data) -> i32 {
    guard(|| {
        let view = Machine::enter(machine, |machine, caller, _| {
            let outcome = match caller.state() {
                State::Halt => NEOVM_OUTCOME_HALT,
                State::Fault if machine.callback_error.get() != 0 => NEOVM_OUTCOME_CALLBACK,
                State::Fault => NEOVM_OUTCOME_FAULT,
                _ => 0,
            };
            let text = caller.fault().map(|fault| fault.kind.to_string()).unwrap_or_default();
            machine.text.replace(text);
            let pico = caller.gas_consumed().pico();
            Ok(neovm_machine_data {
                size: size_of::<neovm_machine_data>(),
                outcome,
                callback_error: machine.callback_error.get(),
                gas_pico_low: pico as u64,
                gas_pico_high: (pico >> 64) as u64,
                instructions: caller.instructions(),
                references: caller.reference_count(),
                depth: caller.depth(),
                stack_size: caller.stack_len(),
                result_count: caller.results().len(),
                position: caller.position().map_or(-1, |position| position as i64),
                opcode: caller.opcode().map_or(-1, |opcode| opcode as i32),
                reserved: 0,
                load: caller.current_load().map_or(0, |load| load.get()),
                fault: neovm_bytes::of(machine.text.borrow().as_bytes()),
            })
        })?;
        // SAFETY: the struct of the caller is what its size says.
        unsafe { boundary::write(data, &view) }
    })
}

/// Writes results of an execution that has ended, bottom first: `count` of them from `first` on. Numbers, booleans, byte
/// strings and Null are values, everything else gets a handle.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn neovm_machine_results(
    machine: neovm_machine,
    first: usize,
    count: usize,
    values: *mut neovm_value,
) -> i32 {
    guard(|| {
        boundary::check_list(values, count)?;
        Machine::enter(machine, |_, caller, items| {
            let results = first.checked_add(count).and_then(|end| caller.results().get(first..end));
            let results = results.ok_or_else(|| Failure::argument("there are fewer results"))?;
            let results = results.iter().map(|item| item.clone().into_owned());
            // SAFETY: the caller has room for `count` values.
            unsafe { items.write(results, values) }
        })
    })
}

/// Pops `count` items off the stack of the current context, the top first, each as `types` says: `NEOVM_AS_INTEGER` and
/// so on, as the arguments of a system call come.
///
/// Returns `NEOVM_ERR_FAULT` if there are fewer, or one cannot be converted; those before it are popped. The call-back
/// then returns `NEOVM_CALL_FAULT` and need not set a fault.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn neovm_machine_pop(
    machine: neovm_machine,
    types: *const u8,
    count: usize,
    values: *mut neovm_value,
) -> i32 {
    guard(|| {
        // SAFETY: the list of the caller is there.
        let types = unsafe { boundary::list(types, count)? };
        boundary::check_list(values, count)?;
        Machine::enter(machine, |machine, caller, items| {
            for (i, wanted) in types.iter().enumerate() {
                let popped = caller.pop().map_err(|kind| machine.failed(kind))?;
                let value = match items.value(popped.into_owned(), *wanted) {
                    Err(failure) if failure.status == NEOVM_ERR_FAULT => {
                        machine.fault.replace(Some(neovm::FaultKind::Host(failure.text.clone())));
                        return Err(failure);
                    }
                    other => other?,
                };
                // SAFETY: the caller has room for `count` values.
                unsafe { boundary::put(values.add(i), value)? };
            }
            Ok(())
        })
    })
}

/// Pushes values on the stack of the current context, the last one on top.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn neovm_machine_push(machine: neovm_machine, values: *const neovm_value, count: usize) -> i32 {
    guard(|| {
        // SAFETY: the list of the caller is there.
        let values = unsafe { boundary::list(values, count)? };
        Machine::enter(machine, |_, caller, items| {
            if count > MAX_PUSH {
                return Err(Failure::new(NEOVM_ERR_LIMIT, "these are more values than a stack holds"));
            }
            // SAFETY: the bytes that the values name are there.
            let pushed = values.iter().map(|value| unsafe { items.item(value) }).collect::<Outcome<Vec<_>>>()?;
            pushed.into_iter().for_each(|item| caller.push(item));
            Ok(())
        })
    })
}

/// More values cannot be pushed at once: twice what a stack holds.
const MAX_PUSH: usize = 4096;

/// Writes the item at a depth from the top of the current context's stack, 0 for the top. It stays there.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn neovm_machine_peek(machine: neovm_machine, depth: usize, value: *mut neovm_value) -> i32 {
    guard(|| {
        boundary::check(value)?;
        let found = Machine::enter(machine, |_, caller, items| {
            let item = caller.peek(depth).map_err(|kind| fault(&kind))?.clone().into_owned();
            items.value(item, NEOVM_AS_IT_IS)
        })?;
        // SAFETY: the caller has room for the value.
        unsafe { boundary::put(value, found) }
    })
}

/// Charges a fee in picoGAS. Returns `NEOVM_ERR_FAULT` if there is not so much gas: the call-back then returns
/// `NEOVM_CALL_FAULT`.
#[unsafe(no_mangle)]
pub extern "C" fn neovm_machine_add_fee(machine: neovm_machine, pico: u64) -> i32 {
    guard(|| {
        Machine::enter(machine, |machine, caller, _| {
            caller.add_fee(Gas::from_pico(pico.into())).map_err(|kind| machine.failed(kind))
        })
    })
}

/// Says why a call-back will return `NEOVM_CALL_FAULT`: a text in UTF-8.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn neovm_machine_set_fault(machine: neovm_machine, text: *const u8, text_length: usize) -> i32 {
    guard(|| {
        // SAFETY: the text of the caller is there.
        let text = unsafe { boundary::list(text, text_length)? };
        Machine::enter(machine, |machine, _, _| {
            machine.failed(neovm::FaultKind::Host(String::from_utf8_lossy(text).into_owned()));
            Ok(())
        })
    })
}

/// Says what a call-back will throw by returning `NEOVM_CALL_THROW`. A script can catch it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn neovm_machine_set_exception(machine: neovm_machine, value: *const neovm_value) -> i32 {
    guard(|| {
        // SAFETY: the value of the caller is there.
        let value = unsafe { boundary::list(value, 1)? }[0];
        Machine::enter(machine, |machine, _, items| {
            // SAFETY: the bytes that it names are there.
            machine.exception.replace(Some(unsafe { items.item(&value)? }));
            Ok(())
        })
    })
}

impl Machine {
    /// Notes a fault for the case that the call-back ends with it.
    fn failed(&self, kind: neovm::FaultKind) -> Failure {
        let failure = fault(&kind);
        self.fault.replace(Some(kind));
        failure
    }
}
