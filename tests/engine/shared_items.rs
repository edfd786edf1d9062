//! Compounds that outlive a machine, or that two machines hold.

use neovm::{
    Caller, FaultKind, Host, HostError, LoadOptions, NoHost, Outcome, RunOptions, Script, StackItem, Vm, VmConfig,
    types::item::Array,
};

use crate::{code, decode, loaded, script};

/// A host whose system call 1 loads a script from the stack, 2 keeps the top item, and 3 pushes
/// what was kept.
#[derive(Default)]
struct Keeps(Vec<StackItem>);

impl Host for Keeps {
    fn syscall(&mut self, caller: &mut Caller<'_>, id: u32) -> Result<(), HostError> {
        match id {
            1 => {
                let script = Script::from(caller.pop_bytes()?);
                caller.load(decode(script), LoadOptions::default())?;
            }
            2 => self.0.push(caller.peek(0)?.clone()),
            _ => caller.push(self.0.last().cloned()),
        }
        Ok(())
    }
}

const KEEP: &str = "SYSCALL 0x02000000";
const GIVE: &str = "SYSCALL 0x03000000";

fn load(text: &str) -> String {
    format!("PUSHDATA2 0x{}\nSYSCALL 0x01000000\n", hex::encode(script(text).bytes()))
}

/// Makes an array that holds an array of three items and an empty map.
const NESTED: &str = "NEWMAP\nPUSH3\nNEWARRAY\nPUSH2\nPACK\n";

fn array(item: &StackItem) -> Array {
    match item {
        StackItem::Array(array) => array.clone(),
        other => panic!("{other:?} is no array"),
    }
}

/// Ends of an execution while the array that the host kept lies on a stack or in a slot.
fn ends() -> Vec<String> {
    let caught = |inner: &str| format!("TRY_L caught, -\n{}ABORT\ncaught: DROP\nENDTRY end\nend: RET", load(inner));
    vec![
        format!("{NESTED}{KEEP}\nRET"),
        format!("{NESTED}{KEEP}\nABORT"),
        format!("{NESTED}{KEEP}\nPUSH1\nTHROW"),
        format!("INITSSLOT 1\nINITSLOT 1, 0\n{NESTED}{KEEP}\nDUP\nSTSFLD0\nDUP\nSTLOC0\nABORT"),
        // Dropped as an exception unwound its script.
        caught(&format!("{NESTED}{KEEP}\nPUSH1\nTHROW")),
        caught(&format!("INITSSLOT 1\nINITSLOT 1, 0\n{NESTED}{KEEP}\nDUP\nSTSFLD0\nDUP\nSTLOC0\nPUSH1\nTHROW")),
        caught(&format!("{NESTED}{KEEP}\n{}ABORT", load("PUSH1\nTHROW"))),
        // A cycle.
        caught(&format!("{NESTED}{KEEP}\nDUP\nDUP\nAPPEND\nPUSH1\nTHROW")),
    ]
}

#[test]
fn what_outlives_a_machine_is_nobodys() {
    for text in ends() {
        for reset in [true, false] {
            let mut host = Keeps::default();
            let mut vm = loaded(&code(&text), VmConfig::default());
            vm.run(&mut host);
            let kept = array(&host.0[0]);
            if reset {
                vm.reset(RunOptions::default(), &mut host);
            } else {
                drop(vm);
            }
            assert_eq!(kept.push(1.into()), Ok(()), "{text}");
            assert_eq!(array(&kept.get(0).unwrap()).push(2.into()), Ok(()), "what it holds: {text}");
            // Another machine counts it as one made by its own script.
            kept.remove(kept.len() - 1).unwrap();
            if let Some(last) = (kept.len() > 2).then(|| kept.remove(2)) {
                assert!(last.is_ok(), "the cycle");
            }
            let mut vm = loaded(&code(&format!("{GIVE}\nRET")), VmConfig::default());
            assert_eq!(vm.run(&mut host), Outcome::Halt);
            assert_eq!(vm.reference_count(), 1 + 2 + 4, "{text}");
            vm.take_results();
            assert_eq!(vm.reference_count(), 0, "{text}");
        }
    }
}

/// Two machines that hold the same compounds count them wrongly, but nothing worse comes of it.
#[test]
fn two_machines_that_hold_one_compound_stay_sound() {
    let churn = format!(
        "INITSLOT 2, 0\n{GIVE}\nSTLOC0\nPUSHINT16 500\nSTLOC1\nnext: {GIVE}\nDUP\nPUSH0\nPICKITEM\nDROP\nDUP\nVALUES\n\
         DROP\nDUP\nUNPACK\nPACK\nDROP\nPUSH1\nPUSHT\nSETITEM\nLDLOC0\nDUP\nREVERSEITEMS\nPUSH0\nPICKITEM\nDROP\n\
         LDLOC1\nDEC\nDUP\nSTLOC1\nJMPIF next\nNEWARRAY0\nSTLOC0\nRET"
    );
    let code = code(&churn);
    let mut host = Keeps(vec![StackItem::array([
        StackItem::array(vec![StackItem::Null; 1000]),
        StackItem::Null,
        StackItem::array(vec![StackItem::map(); 900]),
    ])]);
    let mut vms: Vec<Vm> = (0..3).map(|_| loaded(&code, VmConfig::default())).collect();
    for round in 0..300 {
        for vm in &mut vms {
            vm.set_budget(Some(97 + round));
            vm.run(&mut host);
            if vm.depth() == 0 || vm.fault().is_some() {
                vm.reset(RunOptions::default(), &mut host);
                vm.load(code.clone(), LoadOptions::default()).unwrap();
            }
        }
    }
    drop(vms);
    // Machines of their own are right again.
    let mut host = Keeps(vec![host.0[0].deep_copy(false)]);
    let mut vm = loaded(&crate::code(GIVE), VmConfig::default());
    assert_eq!((vm.run(&mut host), vm.reference_count()), (Outcome::Halt, 4 + 1000 + 900));
}

#[test]
fn a_counted_compound_changes_in_its_machine_alone() {
    let mut vm = loaded(&code(&format!("{NESTED}RET")), VmConfig::default());
    assert_eq!(vm.run(&mut NoHost), Outcome::Halt);
    let array = array(&vm.results()[0]);
    let refused = |result: Result<(), FaultKind>| assert!(matches!(result, Err(FaultKind::Host(_))), "{result:?}");
    refused(array.push(1.into()));
    refused(array.set(0, 1.into()).map(drop));
    refused(array.remove(0).map(drop));
    refused(array.clear().map(drop));
    let StackItem::Map(map) = array.get(1).unwrap() else { panic!("a map") };
    refused(map.insert(1.into(), 1.into()).map(drop));
    refused(map.remove(&1.into()).map(drop));
    refused(map.clear().map(drop));
    vm.take_results();
    assert!(array.push(1.into()).is_ok() && map.insert(1.into(), 1.into()).is_ok());
}
