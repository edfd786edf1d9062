using System;
using System.IO;
using System.Linq;
using System.Numerics;

namespace Neovm.Tests
{
    /// <summary>The machine level: system calls in C#, items by handles.</summary>
    static class Machines
    {
        const string Call = "4101000000"; // SYSCALL 1

        /// <summary>Runs a script with a system call, and gives the machine to a function.</summary>
        static Outcome Run(string script, Action<Machine, uint> systemCall, Action<Machine> then = null)
        {
            using (var machine = new Machine(Chain.Engine, null, new MachineHost { SystemCall = systemCall }))
            {
                machine.Load(Hex.Bytes(script));
                var outcome = machine.Run();
                if (then != null)
                    then(machine);
                return outcome;
            }
        }

        [Test]
        static void SystemCallsPopAndPush()
        {
            // PUSH3 PUSH4 SYSCALL 1
            var outcome = Run("1314" + Call, (machine, id) =>
            {
                Assert.Equal(1u, id);
                var arguments = machine.Pop(As.Integer, As.Integer);
                machine.Push(arguments[0].Int64 * 10 + arguments[1].Int64);
            }, machine => Assert.Equal(43L, machine.Results().Single().Int64));
            Assert.Equal(Outcome.Halt, outcome);
        }

        [Test]
        static void ValuesOfAllKinds()
        {
            var wide = BigInteger.Pow(2, 200) + 1;
            var marker = new object();
            Run(Call, (machine, id) =>
            {
                machine.Push(Value.Null, true, -5, wide, -wide, new byte[] { 1, 2 }, "\u00fc", new byte[0], Value.Object(marker));
            }, machine =>
            {
                var results = machine.Results();
                Assert.Equal(9, results.Length);
                Assert.Equal(ValueKind.Null, results[0].Kind);
                Assert.True(results[1].Boolean);
                Assert.Equal(-5L, results[2].Int64);
                Assert.True(results[3].Integer == wide && results[4].Integer == -wide);
                Assert.Throws<OverflowException>(() => results[3].Int64.ToString());
                Assert.Equal(new byte[] { 1, 2 }, results[5].Bytes);
                Assert.Equal("\u00fc", results[6].Text);
                Assert.Equal(0, results[7].Bytes.Length);
                Assert.True(results[8].Item.Object == marker);
                Assert.Throws<InvalidOperationException>(() => results[8].Bytes.ToString());
            });
            Assert.Fails(Status.Argument, () => Run(Call, (machine, id) => machine.Push(BigInteger.Pow(2, 300))));
        }

        [Test]
        static void ItemsAreShared()
        {
            // NEWARRAY0 DUP SYSCALL 1: the host appends to what the script holds, which is refused; then to its own.
            var outcome = Run("c24a" + Call, (machine, id) =>
            {
                var item = machine.Pop(As.Item).Item;
                Assert.Equal(ItemType.Array, item.Type);
                Assert.Fails(Status.Fault, () => item.Set(0, 1));
                var own = machine.NewCompound(ItemType.Array, 1, "two", item);
                own.Set(3, own);
                Assert.Equal(4, own.Count);
                Assert.True(own.Children()[3].Item.IsSame(own) && own.Children()[2].Item.IsSame(item));
                Assert.True(!own.Copy().IsSame(own));
                machine.Push(own);
            }, machine =>
            {
                var results = machine.Results();
                Assert.True(results[1].Item.Children(2, 1)[0].Item.IsSame(results[0].Item));
            });
            Assert.Equal(Outcome.Halt, outcome);
        }

        [Test]
        static void CompoundsAndBytes()
        {
            Run(Call, (machine, id) =>
            {
                var map = machine.NewCompound(ItemType.Map, "a", 1, "b", 2);
                Assert.Equal(4, map.Count);
                map.Set("a", 3);
                Assert.Equal("a 3 b 2", string.Join(" ", map.Children().Select(it => it.Kind == ValueKind.Bytes ? it.Text : it.Integer.ToString())));
                var bytes = map.Serialize();
                Assert.Equal(bytes, machine.Deserialize(bytes).Serialize());
                Assert.Fails(Status.Fault, () => machine.Deserialize(new byte[] { 1, 2, 3 }));
                var buffer = machine.NewCompound(ItemType.Buffer, new byte[] { 7 });
                Assert.Equal(new byte[] { 7 }, buffer.To(As.Bytes).Bytes);
                Assert.Equal(7L, buffer.To(As.Integer).Int64);
                Assert.Fails(Status.Argument, () => machine.NewCompound(ItemType.Map, 1));
                Assert.Fails(Status.Argument, () => machine.NewCompound(ItemType.Integer, 1));
                Assert.Throws<ArgumentOutOfRangeException>(() => map.Children(0, 5));
                Assert.Throws<ArgumentOutOfRangeException>(() => map.Children(5, int.MaxValue));
                Assert.Fails(Status.Argument, () => machine.NewItem(new byte[2]).Children());
            });
        }

        [Test]
        static void ItemsGoWithTheCallUnlessKept()
        {
            Item passing = default(Item), kept = default(Item);
            Run(Call + Call, (machine, id) =>
            {
                if (kept.Equals(default(Item)))
                {
                    passing = machine.NewItem(new byte[] { 1 });
                    kept = passing.Keep();
                    return;
                }
                Assert.Fails(Status.Handle, () => passing.Serialize());
                Assert.Equal(new byte[] { 1 }, kept.To(As.Bytes).Bytes);
                kept.Release();
                Assert.Fails(Status.Handle, () => kept.Release());
            });
            Assert.Throws<ObjectDisposedException>(() => kept.Count.ToString());
            Assert.Throws<InvalidOperationException>(() => default(Item).Count.ToString());
        }

        [Test]
        static void FaultsAndExceptions()
        {
            Assert.Equal(Outcome.Fault, Run(Call, (machine, id) => { throw new FaultException("no such thing"); },
                machine => Assert.True(machine.State.Fault.Contains("no such thing"), machine.State.Fault)));
            Assert.Equal(Outcome.Fault, Run(Call, (machine, id) => machine.Pop(As.Integer)));
            Assert.Equal(Outcome.Fault, Run("c2" + Call, (machine, id) => machine.Pop(As.Integer)));
            Assert.Equal(Outcome.Fault, Run("11", null, null) == Outcome.Halt ? Run(Call, null) : Outcome.None);
            // TRY to the catch block 10 bytes on, SYSCALL 1, ENDTRY; the exception is the result.
            var caught = Run("3b0a00" + Call + "3d02" + "3d02" + "40", (machine, id) => { throw new ScriptException("thrown"); },
                machine => Assert.Equal("thrown", machine.Results().Single().Text));
            Assert.Equal(Outcome.Halt, caught);
            Assert.Equal(Outcome.Fault, Run(Call, (machine, id) => { throw new ScriptException("uncaught"); },
                machine => Assert.True(machine.State.Fault.Contains("uncaught"), machine.State.Fault)));
        }

        [Test]
        static void OtherExceptionsComeOut()
        {
            using (var machine = new Machine(Chain.Engine, null, new MachineHost { SystemCall = (it, id) => { throw new IOException("disk"); } }))
            {
                machine.Load(Hex.Bytes(Call));
                Assert.Equal("disk", Assert.Throws<IOException>(() => machine.Run()).Message);
                Assert.Equal(Outcome.Callback, machine.State.Outcome);
                Assert.Throws<IOException>(() => machine.Run());
                machine.Reset();
                machine.Load(Hex.Bytes("11"));
                Assert.Equal(Outcome.Halt, machine.Run());
            }
        }

        [Test]
        static void AnotherMachinesFaultIsNoFaultOfTheScript()
        {
            using (var other = new Machine(Chain.Engine))
            {
                var thrown = Assert.Throws<NeovmException>(() => Run(Call, (machine, id) => other.Pop(As.Integer)));
                Assert.Equal(Status.Fault, thrown.Status);
            }
        }

        [Test]
        static void ScriptsAreLoadedAndUnloaded()
        {
            ulong loaded = 0, unloaded = 0;
            var host = new MachineHost
            {
                SystemCall = (machine, id) =>
                {
                    loaded = machine.Load(Hex.Bytes("9e"), new LoadOptions { ReturnCount = 1 }); // ADD
                    machine.Push(2, 3);
                },
                CallToken = (machine, token) => machine.Push(token),
                Unloaded = (machine, load, threw) => { if (load == loaded && !threw) unloaded = load; },
            };
            using (var machine = new Machine(Chain.Engine, new MachineOptions { Gas = 100000000, Hardfork = "Gorgon" }, host))
            {
                machine.Load(Hex.Bytes(Call + "370700")); // and CALLT 7
                Assert.Equal(Outcome.Halt, machine.Run());
                Assert.Equal("5,7", string.Join(",", machine.Results().Select(it => it.Int64)));
                Assert.True(loaded != 0 && unloaded == loaded);
                Assert.True(machine.State.GasPico > 0 && machine.State.Instructions > 3);
            }
        }

        [Test]
        static void WhatCannotBeLoadedIsAFault()
        {
            Action<Machine, uint> again = (machine, id) => machine.Load(Hex.Bytes(Call));
            Assert.Equal(Outcome.Fault, Run(Call, again,
                machine => Assert.True(machine.State.Fault.Contains("MaxInvocationStackSize"), machine.State.Fault)));
        }

        [Test]
        static void StepsAndBudgets()
        {
            using (var machine = new Machine(Chain.Engine, new MachineOptions { Budget = 10 }))
            {
                machine.Load(Hex.Bytes("2200"));
                Assert.Equal(Outcome.Budget, machine.Run());
                machine.SetBudget(5);
                Assert.Equal(Outcome.Budget, machine.Run());
                Assert.Equal(15ul, machine.State.Instructions);
                Assert.Equal(Outcome.None, machine.Step());
                Assert.Equal(0L, machine.State.Position);
                Assert.Equal(0x22, machine.State.OpCode);
                machine.Reset(new MachineOptions { Gas = 1000 });
                machine.Load(Hex.Bytes("11"));
                Assert.Equal(Outcome.Halt, machine.Run());
            }
        }

        [Test]
        static void FeesAreCharged()
        {
            var host = new MachineHost { SystemCall = (machine, id) => machine.AddFee(5000000) };
            using (var machine = new Machine(Chain.Engine, new MachineOptions { Gas = 1000 }, host))
            {
                machine.Load(Hex.Bytes(Call + Call + Call));
                Assert.Equal(Outcome.Fault, machine.Run());
                Assert.True(machine.State.Fault.Contains("gas") || machine.State.Fault.Contains("GAS"), machine.State.Fault);
            }
        }

        [Test]
        static void NotWhileItRuns()
        {
            Run(Call, (machine, id) =>
            {
                Assert.Fails(Status.Busy, () => machine.Run());
                Assert.Fails(Status.Busy, () => machine.Step());
                Assert.Fails(Status.Busy, () => machine.Reset());
                Assert.Fails(Status.Busy, () => machine.SetBudget(1));
                machine.Push(1);
            }, machine => Assert.Equal(1L, machine.Results().Single().Int64));
        }

        [Test]
        static void ArgumentsThatMakeNoSense()
        {
            Assert.Throws<ArgumentNullException>(() => new Machine(null));
            Assert.Fails(Status.Argument, () => new Machine(Chain.Engine, new MachineOptions { Gas = -1 }));
            Assert.Fails(Status.Input, () => new Machine(Chain.Engine, new MachineOptions { Hardfork = "Nowhere" }));
            using (var first = new Machine(Chain.Engine))
            using (var second = new Machine(Chain.Engine))
            {
                Assert.Throws<ArgumentNullException>(() => first.Load(null));
                Assert.Throws<ArgumentNullException>(() => first.Push((Value[])null));
                Assert.Throws<ArgumentOutOfRangeException>(() => first.Peek(-1));
                Assert.Throws<ArgumentOutOfRangeException>(() => first.Load(new byte[1], new LoadOptions { Position = -1 }));
                Assert.Fails(Status.Fault, () => first.Peek(0));
                Assert.Fails(Status.Fault, () => first.Pop(As.ItIs));
                first.Load(Hex.Bytes("11"));
                Assert.Fails(Status.Handle, () => second.Push(first.NewItem(1)));
                Assert.Fails(Status.Argument, () => { first.Push(1); first.Pop((As)99); });
                Assert.Fails(Status.Limit, () => first.Push(new Value[5000]));
            }
        }
    }
}
