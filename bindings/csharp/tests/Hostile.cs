using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Numerics;
using System.Threading;

namespace Neovm.Tests
{
    /// <summary>Uses that make no sense: exceptions of the package, never crashes.</summary>
    static class Hostile
    {
        const string Call = "4101000000"; // SYSCALL 1

        /// <summary>Calls at random, on machines of all states.</summary>
        sealed class Caller
        {
            readonly Random random;
            readonly List<Machine> machines = new List<Machine>();
            readonly List<Item> items = new List<Item> { default(Item) };
            int depth;
            internal int Succeeded, Failed;

            internal Caller(int seed)
            {
                random = new Random(seed);
                machines.Add(Make());
            }

            Machine Make()
            {
                return new Machine(Chain.Engine, new MachineOptions { Budget = 2000 }, new MachineHost
                {
                    SystemCall = (machine, id) => Some(random.Next(6)),
                    CallToken = (machine, token) => Some(random.Next(6)),
                    Unloaded = (machine, load, threw) => Some(random.Next(2)),
                });
            }

            Machine Machine
            {
                get { return machines[random.Next(machines.Count)]; }
            }

            Item Item
            {
                get { return items[random.Next(items.Count)]; }
            }

            Value Value()
            {
                switch (random.Next(9))
                {
                    case 0: return Neovm.Value.Null;
                    case 1: return random.Next(-2, 3);
                    case 2: return BigInteger.Pow(2, random.Next(300));
                    case 3: return random.Next(2) == 0;
                    case 4: return new byte[random.Next(3)];
                    case 5: return Neovm.Value.Object(this);
                    case 6: return "text";
                    default: return Item;
                }
            }

            Value[] Values()
            {
                return Enumerable.Range(0, random.Next(4)).Select(i => Value()).ToArray();
            }

            internal void Some(int count)
            {
                if (++depth < 8)
                    for (int i = 0; i < count; i++)
                        One();
                depth--;
                switch (random.Next(12))
                {
                    case 0: throw new FaultException("a fault");
                    case 1: throw new ScriptException(Value());
                    case 2: throw new IOException("of the host");
                }
            }

            internal void One()
            {
                try
                {
                    Act();
                    Succeeded++;
                }
                catch (Exception exception)
                {
                    if (!(exception is NeovmException || exception is InvalidOperationException || exception is ArgumentException
                        || exception is IOException || exception is FaultException || exception is ScriptException))
                        throw new Exception("this is unexpected", exception);
                    Failed++;
                }
                if (items.Count > 300)
                    items.RemoveRange(1, 100);
            }

            void Act()
            {
                switch (random.Next(26))
                {
                    case 0: machines[random.Next(machines.Count)].Dispose(); break;
                    case 1:
                    case 2:
                        if (machines.Count > 4)
                            machines.RemoveAt(random.Next(machines.Count));
                        machines.Add(Make());
                        break;
                    case 3: Machine.Reset(random.Next(2) == 0 ? null : new MachineOptions { Gas = random.Next(-1, 100000) }); break;
                    case 4:
                    case 5:
                    case 6: Machine.Load(Script(), new LoadOptions { Position = random.Next(-1, 4), ReturnCount = random.Next(-1, 3) }); break;
                    case 7:
                    case 8:
                    case 9: Machine.Run(); break;
                    case 10: Machine.Step(); break;
                    case 11: Machine.Call(random.Next(-1, 6)); break;
                    case 12: Machine.SetBudget((ulong)random.Next(1, 1000)); break;
                    case 13: items.AddRange(Machine.Results().Where(it => it.Kind == ValueKind.Item).Select(it => it.Item)); break;
                    case 14: Machine.Pop((As)random.Next(6), (As)random.Next(6)); break;
                    case 15: Machine.Push(Values()); break;
                    case 16: Machine.Peek(random.Next(-1, 3)); break;
                    case 17: Machine.AddFee((ulong)random.Next(100000)); break;
                    case 18: items.Add(Machine.NewItem(Value())); break;
                    case 19: items.Add(Machine.NewCompound((ItemType)new[] { 0x30, 0x40, 0x41, 0x48, 7 }[random.Next(5)], Values())); break;
                    case 20: items.Add(Machine.Deserialize(new byte[] { 0x40, 1, 0x20, (byte)random.Next(3) })); break;
                    case 21: Item.Set(random.Next(3), Value()); break;
                    case 22: items.Add(random.Next(2) == 0 ? Item.Copy() : Item.Keep()); break;
                    case 23: Item.Release(); break;
                    case 24: Assert.True(Item.IsSame(Item) || Item.Count >= 0 || Item.Object == null); break;
                    default: GC.KeepAlive(new object[] { Item.Children(), Item.Serialize(), Item.To((As)random.Next(6)), Machine.State.Fault }); break;
                }
            }

            /// <summary>A few instructions that call the host.</summary>
            byte[] Script()
            {
                var parts = new[] { Call, "370100", "11", "c2", "c8", "3b0a00" + Call + "3d023d02", "45", "38", "4acf", "40" };
                return Hex.Bytes(string.Concat(Enumerable.Range(0, random.Next(6)).Select(i => parts[random.Next(parts.Length)])));
            }
        }

        [Test]
        static void CallsAtRandom()
        {
            int succeeded = 0, failed = 0;
            for (int seed = 0; seed < 40; seed++)
            {
                var caller = new Caller(seed);
                for (int i = 0; i < 800; i++)
                    caller.One();
                succeeded += caller.Succeeded;
                failed += caller.Failed;
            }
            Assert.True(succeeded > 10000 && failed > 5000, succeeded + " succeeded, " + failed + " failed");
        }

        [Test]
        static void EnginesGoWhileThreadsUseThem()
        {
            int ran = 0, refused = 0;
            for (int turn = 0; turn < 10; turn++)
            {
                var engine = new Engine("private");
                var threads = Enumerable.Range(0, 4).Select(i => new Thread(() =>
                {
                    try
                    {
                        for (; ; Interlocked.Increment(ref ran))
                            Assert.Equal("NEO", new Executor(engine, Chain.State).Run(Chain.Call("symbol")).Stack.Single().Text);
                    }
                    catch (ObjectDisposedException)
                    {
                        Interlocked.Increment(ref refused);
                    }
                })).ToArray();
                foreach (var thread in threads)
                    thread.Start();
                Thread.Sleep(5);
                engine.Dispose();
                foreach (var thread in threads)
                    Assert.True(thread.Join(60000), "a thread hangs");
            }
            Assert.Equal(40, refused);
            Assert.True(ran > 0, ran + " runs");
        }

        [Test]
        static void CancelledAtAnyMoment()
        {
            var job = Chain.Script("2200");
            job.Gas = long.MaxValue;
            for (int i = 0; i < 40; i++)
                using (var source = new CancellationTokenSource())
                {
                    ThreadPool.QueueUserWorkItem(state => source.Cancel());
                    Assert.Throws<OperationCanceledException>(() => Chain.Executor().Run(job, source.Token));
                }
            using (var machine = new Machine(Chain.Engine))
                for (int i = 0; i < 40; i++)
                    using (var source = new CancellationTokenSource())
                    {
                        machine.Reset();
                        machine.Load(Hex.Bytes("2200"));
                        ThreadPool.QueueUserWorkItem(state => source.Cancel());
                        Assert.Throws<OperationCanceledException>(() => machine.Run(source.Token));
                    }
        }

        [Test]
        static void ArraysThatChangeMeanwhile()
        {
            var transaction = Hex.Bytes("0004030201009435770000000040420f000000000064000000018955a2f9c14a724392c1fe9c199660eecdf7e04c01000140010000");
            var job = new Job { Gas = 1000000, Transaction = transaction, Script = new byte[] { 0x11 } };
            bool goesOn = true;
            var thread = new Thread(() =>
            {
                for (var random = new Random(1); goesOn;)
                    transaction[random.Next(transaction.Length)] ^= (byte)(1 << random.Next(8));
            });
            thread.Start();
            for (int i = 0; i < 3000; i++)
                try
                {
                    Chain.Executor().Run(job);
                }
                catch (NeovmException exception)
                {
                    Assert.Equal(Status.Input, exception.Status);
                }
            goesOn = false;
            thread.Join();
        }

        [Test]
        static void ExceptionsPassThroughNestedMachines()
        {
            using (var outer = new Machine(Chain.Engine, null, new MachineHost
            {
                SystemCall = (machine, id) =>
                {
                    using (var inner = new Machine(Chain.Engine, null, new MachineHost
                    {
                        SystemCall = (it, number) => { machine.Push(7); throw new IOException("deep"); },
                    }))
                    {
                        inner.Load(Hex.Bytes(Call));
                        inner.Run();
                    }
                },
            }))
            {
                outer.Load(Hex.Bytes(Call));
                Assert.Equal("deep", Assert.Throws<IOException>(() => outer.Run()).Message);
                Assert.Equal(Outcome.Callback, outer.State.Outcome);
            }
        }

        sealed class Mute : FaultException
        {
            internal Mute() : base("") { }

            public override string Message
            {
                get { throw new InvalidDataException("no message"); }
            }
        }

        [Test]
        static void ExceptionsThatAreBroken()
        {
            Action<Action<Machine, uint>> run = call =>
            {
                using (var machine = new Machine(Chain.Engine, null, new MachineHost { SystemCall = call }))
                {
                    machine.Load(Hex.Bytes(Call));
                    machine.Run();
                }
            };
            Assert.Throws<InvalidDataException>(() => run((machine, id) => { throw new Mute(); }));
            run((machine, id) => { throw new FaultException(null); });
            run((machine, id) => { throw new FaultException(new string('x', 1 << 20)); });
            run((machine, id) => { throw new ScriptException(default(Value)); });
            using (var other = new Machine(Chain.Engine))
                Assert.Fails(Status.Handle, () => run((machine, id) => { throw new ScriptException(other.NewItem(1)); }));
        }

        [Test]
        static void UnloadedMayThrowWhileAnExceptionPasses()
        {
            foreach (var thrown in new Exception[] { new IOException("unloaded"), new FaultException("unloaded"), new ScriptException("unloaded") })
            {
                var host = new MachineHost
                {
                    SystemCall = (machine, id) => machine.Load(Hex.Bytes("0c01783a")), // throws "x"
                    Unloaded = (machine, load, threw) => { throw thrown; },
                };
                using (var machine = new Machine(Chain.Engine, null, host))
                {
                    machine.Load(Hex.Bytes("3b0a00" + Call + "3d02" + "3d02"));
                    if (thrown is IOException)
                        Assert.Throws<IOException>(() => machine.Run());
                    else
                        Assert.Equal(Outcome.Fault, machine.Run());
                }
            }
        }

        [Test]
        static void ThreadsWithSmallStacks()
        {
            Exception thrown = null;
            // Arrays in arrays, 1,500 deep: as a result, as a receipt, as items.
            var thread = new Thread(() =>
            {
                try
                {
                    var receipt = Chain.Executor().Run(new Job { Gas = 2000000000, Script = Nested(1500) });
                    int depth = 0;
                    for (var item = receipt.Stack.Single(); item.Items.Count > 0; item = item.Items[0])
                        depth++;
                    Assert.Equal(1500, depth);
                    using (var machine = new Machine(Chain.Engine))
                    {
                        machine.Load(Nested(1500));
                        Assert.Equal(Outcome.Halt, machine.Run());
                        var copy = machine.Results().Single().Item.Copy();
                        Assert.Equal(1, copy.Count);
                    }
                }
                catch (Exception exception)
                {
                    thrown = exception;
                }
            }, 384 << 10);
            thread.Start();
            Assert.True(thread.Join(60000), "the thread hangs");
            Assert.True(thrown == null, "" + thrown);
        }

        /// <summary>A script that returns arrays in arrays.</summary>
        static byte[] Nested(int depth)
        {
            // NEWARRAY0, then PUSH1 PACK as often.
            return new byte[] { 0xc2 }.Concat(Enumerable.Repeat(new byte[] { 0x11, 0xc0 }, depth).SelectMany(it => it)).ToArray();
        }
    }
}
