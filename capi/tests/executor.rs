//! The executor level: what goes wrong, and what comes back.

mod common;

use std::{ptr, thread, time::Duration};

use common::*;
use neovm::{OpCode, types::ScriptBuilder};
use neovm_capi::*;

/// NeoToken.
const NEO: [u8; 20] = [
    0xf5, 0x63, 0xea, 0x40, 0xbc, 0x28, 0x3d, 0x4d, 0x0e, 0x05, 0xc4, 0x8e, 0xa3, 0x05, 0xb3, 0xf2, 0xa0, 0x73, 0x40,
    0xef,
];

fn script(build: impl FnOnce(&mut ScriptBuilder)) -> Vec<u8> {
    let mut builder = ScriptBuilder::new();
    build(&mut builder);
    builder.build().unwrap().bytes().to_vec()
}

fn given(script: &[u8]) -> neovm_job {
    neovm_job { script: text(script), ..job() }
}

fn call(method: &str) -> neovm_job {
    neovm_job { call_contract: text(&NEO), call_method: text(method.as_bytes()), ..job() }
}

/// `while true: pass`.
const FOREVER: [u8; 2] = [OpCode::JMP as u8, 0];

#[test]
fn a_call_gives_a_receipt() {
    let (engine, mut host) = private(NEOVM_COMPILE_BACKGROUND);
    let job = neovm_job { wanted: NEOVM_WANT_CALLS | NEOVM_WANT_FILE, ..call("symbol") };
    host.prefetched = 0;
    let file = run(engine, &job, &mut host, |_, data| {
        assert_eq!((data.outcome, data.callback_error), (NEOVM_OUTCOME_HALT, 0));
        assert_eq!(data.gas_datoshi, 984_060);
        assert!(data.instructions > 5);
        let node = list(data.nodes, data.node_count)[list(data.stack, data.stack_count)[0] as usize];
        assert_eq!((node.item_type, bytes(node.bytes)), (NEOVM_TYPE_BYTE_STRING, &b"NEO"[..]));
        let calls = list(data.calls, data.call_count);
        assert_eq!(calls.iter().map(|call| call.depth).collect::<Vec<_>>(), [0, 1]);
        assert_eq!(calls[1].script_hash, NEO);
        bytes(data.file).to_vec()
    });
    assert_eq!(host.prefetched, 2);
    // The file holds all that the execution read, and its receipt.
    let file = neovm::host::job_file::JobFile::from_json(&file.unwrap()).unwrap();
    let network = neovm::Network::new(file.settings.clone());
    let again = neovm::host::execute(&network, &file.store(&network).unwrap(), &file.job.job()).unwrap();
    let expected = file.receipt.unwrap();
    assert_eq!(neovm::host::job_file::difference(&expected, &again.to_json(file.job.gas)), None);
    assert_eq!(expected["stack"][0]["value"], "TkVP");
    ok(neovm_engine_free(engine));
}

#[test]
fn a_job_as_json_is_the_same_job() {
    let (engine, mut host) = private(NEOVM_COMPILE_NEVER);
    let json =
        br#"{"gas":100000000,"call":{"contract":"0xef4073a0f2b305a38ec4050e4d3d28bc40ea63f5","method":"symbol"}}"#;
    let job = neovm_job { json: text(json), ..job() };
    let gas = run(engine, &job, &mut host, |_, data| data.gas_datoshi).unwrap();
    assert_eq!(gas, run(engine, &call("symbol"), &mut host, |_, data| data.gas_datoshi).unwrap());
    let (status, why) =
        run(engine, &neovm_job { json: text(br#"{"gas":1}"#), ..job }, &mut host, |_, _| ()).unwrap_err();
    assert_eq!(
        (status, &*why),
        (NEOVM_ERR_INPUT, "the job: script: is missing, and there is no call, witness or transaction")
    );
    ok(neovm_engine_free(engine));
}

/// Arguments have the form that the RPC takes; what is wrong with one is said with its place.
#[test]
fn arguments_are_those_of_the_rpc() {
    let (engine, mut host) = private(NEOVM_COMPILE_NEVER);
    let validators = neovm::host::Chain::new(neovm::ProtocolSettings::private()).unwrap();
    let validators = validators.last_header().unwrap().next_consensus;
    let mut balance = |arguments: &str| {
        let job = neovm_job { call_arguments: text(arguments.as_bytes()), ..call("balanceOf") };
        run(engine, &job, &mut host, |_, data| {
            assert_eq!(data.outcome, NEOVM_OUTCOME_HALT, "{}", String::from_utf8_lossy(bytes(data.fault)));
            list(data.nodes, data.node_count)[0].integer
        })
    };
    let address = neovm::crypto::address_from_script_hash(validators.0, neovm::crypto::ADDRESS_VERSION);
    assert_eq!(balance(&format!(r#"[{{"type":"Hash160","value":"{validators}"}}]"#)), Ok(100_000_000));
    assert_eq!(balance(&format!(r#"[{{"type":"Hash160","value":"{address}"}}]"#)), Ok(100_000_000));
    assert_eq!(balance(r#"["a text of 20 letters"]"#), Ok(0));
    let (status, why) = balance(r#"[{"type":"Hash160","value":"0x00"}]"#).unwrap_err();
    assert_eq!(status, NEOVM_ERR_INPUT);
    assert!(why.starts_with("the job: call.arguments[0]: value of type Hash160: \"0x00\" is neither"), "{why}");
    ok(neovm_engine_free(engine));
}

/// Whatever call-back fails, the result is not that of the script.
#[test]
fn a_call_back_that_fails_is_no_fault() {
    let (engine, mut host) = private(NEOVM_COMPILE_NEVER);
    // It reads by keys and by prefixes.
    let job = call("getCandidates");
    let total = {
        host.calls = 0;
        run(engine, &job, &mut host, |_, data| assert_eq!(data.outcome, NEOVM_OUTCOME_HALT)).unwrap();
        host.calls
    };
    assert!(total > 3);
    for after in 0..total {
        (host.calls, host.fails) = (0, Some((after, -1000 - after as i32)));
        run(engine, &job, &mut host, |host, data| {
            assert_eq!((data.outcome, data.callback_error), (NEOVM_OUTCOME_CALLBACK, -1000 - after as i32));
            assert!(String::from_utf8_lossy(bytes(data.fault)).contains("failed with -10"));
            assert_eq!((data.stack_count, data.change_count, data.notification_count), (0, 0, 0));
            assert_eq!(host.calls, after + 1, "no call-back is called after one that failed");
        })
        .unwrap();
    }
    // A code that makes no sense is one of the library's.
    (host.calls, host.fails) = (0, Some((0, 7)));
    run(engine, &job, &mut host, |_, data| assert_eq!(data.callback_error, NEOVM_ERR_ARGUMENT)).unwrap();
    ok(neovm_engine_free(engine));
}

/// A storage without a chain is no fault of a script, either.
/// What is empty begins at null: all that a receipt can lead to.
#[test]
fn empty_lists_are_null() {
    let (engine, mut host) = private(NEOVM_COMPILE_NEVER);
    let nothing = script(|script| {
        script.op(OpCode::RET);
    });
    let checked = run(engine, &given(&nothing), &mut host, |_, data| {
        assert_eq!(data.outcome, NEOVM_OUTCOME_HALT);
        assert!(bytes(data.fault).is_empty() && bytes(data.file).is_empty());
        assert!(list(data.nodes, data.node_count).is_empty() && list(data.stack, data.stack_count).is_empty());
        assert!(list(data.notifications, data.notification_count).is_empty());
        assert!(list(data.logs, data.log_count).is_empty() && list(data.changes, data.change_count).is_empty());
        assert!(list(data.calls, data.call_count).is_empty());
    });
    checked.unwrap();
    // Items: without children beside one with some, and without bytes.
    let items = script(|script| {
        script.push("").push(0).op(OpCode::NEWBUFFER).op(OpCode::NEWARRAY0).op(OpCode::NEWSTRUCT0);
        script.op(OpCode::NEWMAP).op(OpCode::PUSHNULL).push(1).op(OpCode::PUSHT).push(1).op(OpCode::NEWARRAY);
    });
    let checked = run(engine, &given(&items), &mut host, |_, data| {
        assert_eq!((data.outcome, data.stack_count), (NEOVM_OUTCOME_HALT, 9));
        for node in list(data.nodes, data.node_count) {
            bytes(node.bytes);
            list(node.children, node.count as usize);
        }
    });
    checked.unwrap();
    // A message of no bytes.
    let logs = script(|script| {
        script.push("").syscall("System.Runtime.Log");
    });
    let checked = run(engine, &given(&logs), &mut host, |_, data| {
        assert_eq!((data.outcome, data.log_count), (NEOVM_OUTCOME_HALT, 1));
        assert!(bytes(list(data.logs, 1)[0].message).is_empty());
    });
    checked.unwrap();
    ok(neovm_engine_free(engine));
}

#[test]
fn an_empty_storage_cannot_be_used() {
    let engine = engine("private", NEOVM_COMPILE_NEVER);
    let (status, why) = run(engine, &given(&[0x11]), &mut Host::default(), |_, _| ()).unwrap_err();
    assert_eq!((status, &*why), (NEOVM_ERR_STATE, "the storage holds no block"));
    ok(neovm_engine_free(engine));
}

#[test]
fn budgets_and_interrupts_stop() {
    let (engine, mut host) = private(NEOVM_COMPILE_FOREGROUND);
    let mut job = neovm_job { gas: i64::MAX, budget: 10_000, ..given(&FOREVER) };
    run(engine, &job, &mut host, |_, data| {
        assert_eq!((data.outcome, data.instructions), (NEOVM_OUTCOME_BUDGET, 10_000));
        assert_eq!(data.gas_datoshi, 10_000 * 2 * 30);
    })
    .unwrap();
    let interrupt = interrupt();
    (job.budget, job.interrupt) = (0, interrupt);
    let other = thread::spawn(move || {
        thread::sleep(Duration::from_millis(20));
        neovm_interrupt_set(interrupt, 1)
    });
    run(engine, &job, &mut host, |_, data| assert_eq!(data.outcome, NEOVM_OUTCOME_INTERRUPTED)).unwrap();
    ok(other.join().unwrap());
    ok(neovm_interrupt_free(interrupt));
    assert_eq!(neovm_interrupt_set(interrupt, 1), NEOVM_ERR_HANDLE);
    let (status, _) = run(engine, &job, &mut host, |_, _| ()).unwrap_err();
    assert_eq!(status, NEOVM_ERR_HANDLE);
    ok(neovm_engine_free(engine));
}

/// Items that are shared and cyclic, as deep as there can be.
#[test]
fn receipts_keep_the_shape_of_items() {
    let (engine, mut host) = private(NEOVM_COMPILE_NEVER);
    // An array that holds itself twice, and a byte string that occurs twice.
    let cyclic = script(|it| {
        it.op(OpCode::NEWARRAY0).op(OpCode::DUP).op(OpCode::DUP).op(OpCode::APPEND);
        it.op(OpCode::DUP).op(OpCode::DUP).op(OpCode::APPEND);
        it.push("te").push("xt").op(OpCode::CAT).op_with(OpCode::CONVERT, &[0x28]).op(OpCode::DUP);
    });
    run(engine, &given(&cyclic), &mut host, |_, data| {
        let nodes = list(data.nodes, data.node_count);
        assert_eq!(list(data.stack, data.stack_count), [0, 1, 1]);
        assert_eq!(nodes.len(), 2);
        assert_eq!(list(nodes[0].children, nodes[0].count as usize), [0, 0]);
        assert_eq!(bytes(nodes[1].bytes), b"text");
    })
    .unwrap();
    // [[[...]]], two thousand deep.
    let deep = script(|it| {
        it.op(OpCode::NEWARRAY0);
        for _ in 0..2000 {
            it.push(1).op(OpCode::PACK);
        }
    });
    on_small_stack(move || {
        let job = neovm_job { wanted: NEOVM_WANT_FILE, ..given(&deep) };
        run(engine, &job, &mut host, |_, data| assert_eq!(data.node_count, 2001)).unwrap();
        ok(neovm_engine_free(engine));
    });
}

/// What needs most of the native stack, on the stack that the header promises to be enough.
#[test]
fn heavy_work_fits_a_small_stack() {
    on_small_stack(|| {
        let (engine, mut host) = private(NEOVM_COMPILE_EAGER);
        let crypto: neovm::Hash160 = "0x726cb6e0cd8628a1350a611384688911ab75f51b".parse().unwrap();
        let std: neovm::Hash160 = "0xacce6fd80d44e1796aa0c2c625e9e4e0ce39efc0".parse().unwrap();
        let all = neovm::types::CallFlags::ALL;
        // The generator of G1, compressed, added to itself.
        let g1 = hex::decode(
            "97f1d3a73197d7942695638c4fa9ac0fc3688c4f9774b905a14e3a3f171bac586c55e83ff97a1aeffb3af00adb22c6bb",
        )
        .unwrap();
        let json = format!("{}{}", "[".repeat(9), "]".repeat(9));
        let script = script(|it| {
            it.dynamic_call(crypto, "bls12381Deserialize", all, &[g1.as_slice().into()]);
            it.op(OpCode::DUP).push(2).op(OpCode::PACK).push(all).push("bls12381Add").push(crypto);
            it.syscall("System.Contract.Call");
            it.dynamic_call(std, "jsonDeserialize", all, &[json.as_str().into()]);
            it.dynamic_call(
                crypto,
                "verifyWithECDsa",
                all,
                &["message".into(), [0x02; 33].as_slice().into(), [0x11; 64].as_slice().into(), 22.into()],
            );
        });
        let job = neovm_job { gas: i64::MAX, ..given(&script) };
        run(engine, &job, &mut host, |_, data| {
            let why = String::from_utf8_lossy(bytes(data.fault)).into_owned();
            // A key that is no point of the curve is a fault; all before it has run.
            assert!(data.outcome == NEOVM_OUTCOME_HALT || data.fault_position > 0, "{why}");
            assert!(data.gas_datoshi > 2_000_000, "{why}");
        })
        .unwrap();
        ok(neovm_engine_free(engine));
    });
}

/// Look-ups of blocks stand for what LedgerContract stores.
#[test]
fn blocks_may_be_looked_up_elsewhere() {
    unsafe extern "C" fn current(_: *mut std::ffi::c_void, hash: *mut u8, index: *mut u32) -> i32 {
        let block = genesis_block(&neovm::ProtocolSettings::private());
        let own = neovm::chain::Block::parse(&block).unwrap().hash();
        // SAFETY: the library has room for the hash and the number.
        unsafe {
            ptr::copy_nonoverlapping(own.0.as_ptr(), hash, 32);
            *index = 0;
        }
        NEOVM_SOME
    }
    unsafe extern "C" fn block_hash(context: *mut std::ffi::c_void, index: u32, hash: *mut u8) -> i32 {
        let mut ignored = 0;
        // SAFETY: there is room for the hash and the number.
        if index == 0 { unsafe { current(context, hash, &raw mut ignored) } } else { NEOVM_NONE }
    }
    unsafe extern "C" fn block(
        _: *mut std::ffi::c_void,
        _: *const u8,
        header: *mut neovm_bytes,
        hashes: *mut neovm_bytes,
    ) -> i32 {
        thread_local!(static HEADER: Vec<u8> = {
            let block = genesis_block(&neovm::ProtocolSettings::private());
            neovm::chain::Header::parse(&block).unwrap().to_bytes()
        });
        // SAFETY: the library has room for the bytes' places.
        unsafe {
            *header = HEADER.with(|bytes| text(bytes));
            *hashes = text(&[]);
        }
        NEOVM_SOME
    }
    unsafe extern "C" fn transaction(_: *mut std::ffi::c_void, _: *const u8, _: *mut neovm_bytes, _: *mut u32) -> i32 {
        NEOVM_NONE
    }
    unsafe extern "C" fn conflict(_: *mut std::ffi::c_void, _: *const u8, _: *const u8, _: *mut u32) -> i32 {
        NEOVM_NONE
    }
    let (engine, mut host) = private(NEOVM_COMPILE_NEVER);
    let ledger: neovm::Hash160 = "0xda65b600f7124ce6c79950c1772a36403104f2be".parse().unwrap();
    let all = neovm::types::CallFlags::ALL;
    let script = script(|it| {
        it.dynamic_call(ledger, "currentIndex", all, &[]);
        it.dynamic_call(ledger, "getBlock", all, &[0.into()]);
        it.dynamic_call(ledger, "getTransactionHeight", all, &[[1; 32].as_slice().into()]);
    });
    let stored = run(engine, &given(&script), &mut host, |_, data| (data.gas_datoshi, data.node_count)).unwrap();
    host.entries.retain(|key, _| key[..4] != (-4_i32).to_le_bytes());
    let (status, _) = run(engine, &given(&script), &mut host, |_, _| ()).unwrap_err();
    assert_eq!(status, NEOVM_ERR_STATE);

    let mut table = host.storage();
    table.current_block = Some(current);
    let job = given(&script);
    let (status, why) = start(engine, &job, &table).unwrap_err();
    assert_eq!((status, &*why), (NEOVM_ERR_ARGUMENT, "storage: either all look-ups of blocks are given or none"));
    table.block_hash = Some(block_hash);
    table.block = Some(block);
    table.transaction = Some(transaction);
    table.conflict = Some(conflict);
    let receipt = start(engine, &job, &table).unwrap();
    let data = view(receipt);
    assert_eq!((data.outcome, data.gas_datoshi, data.node_count), (NEOVM_OUTCOME_HALT, stored.0, stored.1));
    ok(neovm_receipt_free(receipt));
    ok(neovm_engine_free(engine));
}

/// Keys out of order, of another prefix, or with bytes that cannot be.
#[test]
fn answers_that_make_no_sense_are_refused() {
    unsafe extern "C" fn same(
        _: *mut std::ffi::c_void,
        _: *mut std::ffi::c_void,
        key: *mut neovm_bytes,
        value: *mut neovm_bytes,
    ) -> i32 {
        // SAFETY: the library has room for the bytes' places.
        unsafe { (*key, *value) = (text(b"\xfa\xff\xff\xff\x21"), text(b"")) };
        NEOVM_SOME
    }
    unsafe extern "C" fn huge(_: *mut std::ffi::c_void, _: *const u8, _: usize, value: *mut neovm_bytes) -> i32 {
        // SAFETY: the library has room for the bytes' place.
        unsafe { *value = neovm_bytes { data: ptr::dangling(), length: usize::MAX } };
        NEOVM_SOME
    }
    unsafe extern "C" fn null(_: *mut std::ffi::c_void, _: *const u8, _: usize, value: *mut neovm_bytes) -> i32 {
        // SAFETY: the library has room for the bytes' place.
        unsafe { *value = neovm_bytes { data: ptr::null(), length: 1 } };
        NEOVM_SOME
    }
    let (engine, mut host) = private(NEOVM_COMPILE_NEVER);
    let job = call("getCandidates");
    let with = |change: &dyn Fn(&mut neovm_storage), host: &mut Host| {
        let mut table = host.storage();
        change(&mut table);
        let receipt = start(engine, &job, &table).unwrap();
        let data = view(receipt);
        let error = (data.outcome, data.callback_error, String::from_utf8_lossy(bytes(data.fault)).into_owned());
        ok(neovm_receipt_free(receipt));
        error
    };
    let (outcome, code, why) = with(&|table| table.get = Some(huge), &mut host);
    assert_eq!((outcome, code), (NEOVM_OUTCOME_CALLBACK, NEOVM_ERR_LIMIT), "{why}");
    let (outcome, code, why) = with(&|table| table.get = Some(null), &mut host);
    assert_eq!((outcome, code), (NEOVM_OUTCOME_CALLBACK, NEOVM_ERR_ARGUMENT), "{why}");
    let (outcome, code, why) = with(&|table| table.next = Some(same), &mut host);
    assert_eq!((outcome, code), (NEOVM_OUTCOME_CALLBACK, NEOVM_ERR_ARGUMENT), "{why}");
    ok(neovm_engine_free(engine));
}

/// Arguments that are null, structs of wrong sizes, handles of nothing.
#[test]
fn bad_arguments_are_errors() {
    let (engine, mut host) = private(NEOVM_COMPILE_NEVER);
    let storage = host.storage();
    let job = given(&[0x11]);
    let (mut receipt, mut why) = (0, message());
    let null = ptr::null_mut();
    // SAFETY: pointers are null or lead to what they say, but for one that is refused before it is read.
    unsafe {
        assert_eq!(neovm_run(engine, &raw const job, &raw const storage, null, null.cast()), NEOVM_ERR_ARGUMENT);
        assert_eq!(
            neovm_run(engine, ptr::null(), &raw const storage, &raw mut receipt, &raw mut why),
            NEOVM_ERR_ARGUMENT
        );
        assert_eq!(words(&why), "a pointer is null");
        assert_eq!(neovm_run(engine, &raw const job, ptr::null(), &raw mut receipt, null.cast()), NEOVM_ERR_ARGUMENT);
        for handle in [0, 1, receipt, engine + 1, u64::MAX] {
            let status = neovm_run(handle, &raw const job, &raw const storage, &raw mut receipt, null.cast());
            assert_eq!(status, NEOVM_ERR_HANDLE);
        }
        for size in [0, 7, size_of::<neovm_job>() - 1, size_of::<neovm_job>() + (1 << 20), usize::MAX] {
            let job = neovm_job { size, ..job };
            let status = neovm_run(engine, &raw const job, &raw const storage, &raw mut receipt, &raw mut why);
            assert_eq!(status, NEOVM_ERR_SIZE, "{size}");
        }
        let misaligned = (&raw const job).cast::<u8>().add(1).cast();
        let status = neovm_run(engine, misaligned, &raw const storage, &raw mut receipt, &raw mut why);
        assert_eq!(status, NEOVM_ERR_ARGUMENT);
        assert_eq!(neovm_receipt_view(receipt, ptr::null_mut()), NEOVM_ERR_HANDLE);
        assert_eq!(neovm_engine_new(ptr::null(), null, ptr::null_mut()), NEOVM_ERR_ARGUMENT);
    }
    let block = neovm_block { size: size_of::<neovm_block>(), reserved: 1, ..Zeros::zeros() };
    for (change, expected) in [
        (neovm_job { trigger: 3, ..job }, NEOVM_ERR_ARGUMENT),
        (neovm_job { container: 9, ..job }, NEOVM_ERR_ARGUMENT),
        (neovm_job { container: NEOVM_CONTAINER_BLOCK, ..job }, NEOVM_ERR_ARGUMENT),
        (neovm_job { wanted: 4, ..job }, NEOVM_ERR_ARGUMENT),
        (neovm_job { call_flags: 0x1ff, ..job }, NEOVM_ERR_ARGUMENT),
        (neovm_job { call_flags: 1, ..job }, NEOVM_ERR_ARGUMENT),
        (neovm_job { transaction: text(b"no transaction"), ..job }, NEOVM_ERR_INPUT),
        (neovm_job { block: text(b"no block"), ..job }, NEOVM_ERR_INPUT),
        (neovm_job { script: neovm_bytes { data: ptr::dangling(), length: usize::MAX }, ..job }, NEOVM_ERR_ARGUMENT),
        (neovm_job { script: neovm_bytes { data: ptr::null(), length: 5 }, ..job }, NEOVM_ERR_ARGUMENT),
        (neovm_job { call_contract: text(b"short"), ..self::job() }, NEOVM_ERR_ARGUMENT),
        (neovm_job { call_arguments: text(b"[1.5]"), ..call("symbol") }, NEOVM_ERR_INPUT),
        (neovm_job { call_arguments: text(b"{}"), ..call("symbol") }, NEOVM_ERR_INPUT),
        (neovm_job { json: text(br#"{"gas":-1,"script":"11"}"#), ..job }, NEOVM_ERR_INPUT),
        (neovm_job { gas: -1, ..job }, NEOVM_ERR_ARGUMENT),
        (neovm_job { block_fields: &raw const block, ..job }, NEOVM_ERR_ARGUMENT),
        (neovm_job { interrupt: engine, ..job }, NEOVM_ERR_HANDLE),
        (self::job(), NEOVM_ERR_ARGUMENT),
    ] {
        let (status, why) = run(engine, &change, &mut host, |_, _| ()).unwrap_err();
        assert_eq!(status, expected, "{why}");
        assert!(!why.is_empty());
    }
    let (status, why) = new_engine(&engine_options("othernet")).unwrap_err();
    assert_eq!((status, &*why), (NEOVM_ERR_INPUT, "network: there is none with the name \"othernet\""));
    let (status, why) = new_engine(&neovm_engine_options { reserved: 1, ..engine_options("private") }).unwrap_err();
    assert_eq!((status, &*why), (NEOVM_ERR_ARGUMENT, "a reserved member is not 0"));
    ok(neovm_engine_free(engine));
    assert_eq!(neovm_engine_free(engine), NEOVM_ERR_HANDLE);
}

/// A program that knows less of a struct, or more, than the library.
#[test]
fn structs_may_grow() {
    #[repr(C)]
    struct Later<T> {
        known: T,
        added: [u64; 2],
    }
    let (engine, mut host) = private(NEOVM_COMPILE_NEVER);
    let mut later = Later { known: given(&[0x11]), added: [0; 2] };
    later.known.size = size_of_val(&later);
    run(engine, &later.known, &mut host, |_, data| {
        assert_eq!(data.outcome, NEOVM_OUTCOME_HALT);
    })
    .unwrap();
    later.added[1] = 1;
    let (status, why) = run(engine, &later.known, &mut host, |_, _| ()).unwrap_err();
    assert_eq!((status, &*why), (NEOVM_ERR_SIZE, "a struct has members that this library does not know"));
    // What the library does not know it does not write.
    let receipt = start(engine, &given(&[0x11]), &host.storage()).unwrap();
    let mut data = Later { known: neovm_receipt_data::zeros(), added: [7; 2] };
    data.known.size = size_of_val(&data);
    // SAFETY: the struct says its size.
    ok(unsafe { neovm_receipt_view(receipt, &raw mut data.known) });
    assert_eq!((data.known.outcome, data.known.size, data.added), (NEOVM_OUTCOME_HALT, size_of_val(&data), [7; 2]));
    ok(neovm_receipt_free(receipt));
    ok(neovm_engine_free(engine));
}

/// Threads share an engine, and read and release receipts of each other.
#[test]
fn threads_share_engines_and_receipts() {
    let (engine, host) = private(NEOVM_COMPILE_BACKGROUND);
    let receipts: Vec<_> = thread::scope(|scope| {
        let workers: Vec<_> = (0..4)
            .map(|i: i64| {
                let mut host = host.clone();
                scope.spawn(move || {
                    let mut made = Vec::new();
                    for n in 0..50 {
                        let script = script(|it| {
                            it.push(i * 1000 + n).push(n);
                        });
                        let receipt = start(engine, &given(&script), &host.storage()).unwrap();
                        made.push((i * 1000 + n, receipt));
                    }
                    made
                })
            })
            .collect();
        workers.into_iter().flat_map(|worker| worker.join().unwrap()).collect()
    });
    ok(neovm_engine_free(engine));
    thread::scope(|scope| {
        for part in receipts.chunks(50) {
            scope.spawn(move || {
                for (number, receipt) in part {
                    let data = view(*receipt);
                    assert_eq!(list(data.nodes, data.node_count)[0].integer, *number);
                    ok(neovm_receipt_free(*receipt));
                }
            });
        }
    });
}
