using System;
using System.Linq;
using System.Threading;

namespace Neovm.Tests
{
    /// <summary>Cancelling, threads, the order of disposal, and the garbage collector.</summary>
    static class Threads
    {
        const string Endless = "2200"; // JMP to itself

        /// <summary>Runs an action on a thread, and gives what it threw.</summary>
        static Exception On(Action action)
        {
            Exception thrown = null;
            var thread = new Thread(() =>
            {
                try { action(); }
                catch (Exception exception) { thrown = exception; }
            });
            thread.Start();
            Assert.True(thread.Join(60000), "the thread hangs");
            return thrown;
        }

        static void OnAll(int count, Action<int> action)
        {
            Exception thrown = null;
            var threads = Enumerable.Range(0, count).Select(i => new Thread(() =>
            {
                try { action(i); }
                catch (Exception exception) { thrown = exception; }
            })).ToArray();
            foreach (var thread in threads)
                thread.Start();
            foreach (var thread in threads)
                Assert.True(thread.Join(120000), "a thread hangs");
            if (thrown != null)
                throw new Exception("on a thread", thrown);
        }

        [Test]
        static void ATokenCancelsAJob()
        {
            using (var source = new CancellationTokenSource(100))
            {
                var job = Chain.Script(Endless);
                job.Gas = long.MaxValue;
                var thrown = Assert.Throws<OperationCanceledException>(() => Chain.Executor().Run(job, source.Token));
                Assert.Equal(source.Token, thrown.CancellationToken);
                Assert.Throws<OperationCanceledException>(() => Chain.Executor().Run(Chain.Script("11"), source.Token));
            }
            using (var source = new CancellationTokenSource())
                Assert.Equal(Outcome.Halt, Chain.Executor().Run(Chain.Script("11"), source.Token).Outcome);
        }

        [Test]
        static void ACallBackMayCancel()
        {
            using (var source = new CancellationTokenSource())
            {
                var storage = new Watched { Before = source.Cancel };
                Assert.Throws<OperationCanceledException>(() => Chain.Executor(storage).Run(Chain.Call("symbol"), source.Token));
            }
        }

        [Test]
        static void ATokenCancelsAMachineWhichGoesOn()
        {
            using (var machine = new Machine(Chain.Engine))
            {
                machine.Load(Hex.Bytes(Endless));
                for (int i = 0; i < 3; i++)
                    using (var source = new CancellationTokenSource(20))
                    {
                        var before = machine.State.Instructions;
                        Assert.Throws<OperationCanceledException>(() => machine.Run(source.Token));
                        Assert.True(machine.State.Instructions > before);
                    }
                machine.SetBudget(100);
                Assert.Equal(Outcome.Budget, machine.Run());
            }
        }

        [Test]
        static void ThreadsShareAnEngine()
        {
            OnAll(4, i =>
            {
                for (int turn = 0; turn < 200; turn++)
                {
                    Assert.Equal("NEO", Chain.Executor().Run(Chain.Call("symbol")).Stack.Single().Text);
                    using (var machine = new Machine(Chain.Engine, null, new MachineHost { SystemCall = (it, id) => it.Push(id) }))
                    {
                        machine.Load(Hex.Bytes("4107000000"));
                        Assert.Equal(Outcome.Halt, machine.Run());
                        Assert.Equal(7L, machine.Results().Single().Int64);
                    }
                }
            });
        }

        [Test]
        static void AMachineBelongsToItsThread()
        {
            using (var machine = new Machine(Chain.Engine))
            {
                machine.Load(Hex.Bytes("11"));
                var item = machine.NewItem(1);
                foreach (var action in new Action[]
                {
                    () => machine.Run(), () => machine.Step(), () => machine.Reset(), () => machine.State.ToString(),
                    () => machine.Push(1), () => machine.Load(new byte[1]), () => item.Count.ToString(), () => item.Release(),
                })
                    Assert.Equal(Status.Handle, ((NeovmException)On(action)).Status);
                Assert.Equal(Outcome.Halt, machine.Run());
            }
        }

        [Test]
        static void DisposalOnAnotherThread()
        {
            var machine = new Machine(Chain.Engine);
            Assert.True(On(machine.Dispose) == null);
            Assert.Throws<ObjectDisposedException>(() => machine.Run());
            machine.Dispose();
            // While it runs: the execution goes on, and further calls of the system call throw.
            int calls = 0;
            var host = new MachineHost { SystemCall = (it, id) => { calls++; Assert.True(On(it.Dispose) == null); } };
            var running = new Machine(Chain.Engine, null, host);
            running.Load(Hex.Bytes("4101000000" + "4101000000"));
            Assert.Equal(Outcome.Halt, running.Run());
            Assert.Equal(2, calls);
            Assert.Throws<ObjectDisposedException>(() => running.State.ToString());
        }

        [Test]
        static void DisposalInASystemCall()
        {
            int calls = 0;
            var host = new MachineHost { SystemCall = (it, id) => { calls++; it.Dispose(); GC.Collect(); } };
            var machine = new Machine(Chain.Engine, null, host);
            machine.Load(Hex.Bytes("4101000000" + "4101000000"));
            Assert.Equal(Outcome.Halt, machine.Run());
            Assert.Equal(2, calls);
            Assert.Throws<ObjectDisposedException>(() => machine.Run());
            var using1 = new MachineHost { SystemCall = (it, id) => { it.Dispose(); it.Push(1); } };
            var other = new Machine(Chain.Engine, null, using1);
            other.Load(Hex.Bytes("4101000000"));
            Assert.Throws<ObjectDisposedException>(() => other.Run());
        }

        [Test]
        static void DisposalInAnyOrder()
        {
            var engine = new Engine("private");
            var machine = new Machine(engine, null, new MachineHost { SystemCall = (it, id) => it.Push(id) });
            engine.Dispose();
            engine.Dispose();
            machine.Load(Hex.Bytes("4107000000"));
            Assert.Equal(Outcome.Halt, machine.Run());
            machine.Dispose();
            machine.Dispose();
            Assert.Throws<ObjectDisposedException>(() => new Machine(engine));
        }

        [Test]
        static void MachinesInMachines()
        {
            Action<Machine, uint> call = null;
            int depth = 0;
            call = (machine, id) =>
            {
                if (++depth < 20)
                    using (var inner = new Machine(Chain.Engine, null, new MachineHost { SystemCall = call }))
                    {
                        inner.Load(Hex.Bytes("4101000000"));
                        Assert.Equal(Outcome.Halt, inner.Run());
                        machine.Push(inner.Results().Single().Int64 + 1);
                    }
                else
                    machine.Push(0);
            };
            using (var outer = new Machine(Chain.Engine, null, new MachineHost { SystemCall = call }))
            {
                outer.Load(Hex.Bytes("4101000000"));
                Assert.Equal(Outcome.Halt, outer.Run());
                Assert.Equal(19L, outer.Results().Single().Int64);
            }
        }

        /// <summary>Everything is collected all the time, also what nobody disposes of.</summary>
        [Test]
        static void TheCollectorTakesNothingThatIsInUse()
        {
            var storage = new Watched { Before = () => Collect() };
            for (int i = 0; i < 3; i++)
                Assert.Equal("NEO", new Executor(new Engine("private"), storage).Run(Chain.Call("symbol")).Stack.Single().Text);
            for (int i = 0; i < 20; i++)
            {
                var machine = new Machine(new Engine("private"), null, new MachineHost
                {
                    SystemCall = (it, id) => { Collect(); it.Push(it.NewCompound(ItemType.Array, new byte[100], i)); Collect(); },
                });
                machine.Load(Hex.Bytes("4101000000" + "4101000000"));
                Collect();
                Assert.Equal(Outcome.Halt, machine.Run());
                Assert.Equal(100, machine.Results()[1].Item.Children()[0].Bytes.Length);
            }
            Collect();
        }

        /// <summary>Machines that are forgotten leave handles of a thread behind, which its next machines free.</summary>
        [Test]
        static void WhatIsForgottenIsFreed()
        {
            var thrown = On(() =>
            {
                // The table of handles has room for a million; each machine of these holds a script of 64 KiB.
                for (int i = 0; i < 300; i++)
                {
                    Forget();
                    if (i % 50 == 0)
                        Collect();
                }
                Collect();
            });
            Assert.True(thrown == null, "" + thrown);
        }

        static void Forget()
        {
            var machine = new Machine(Chain.Engine);
            machine.Load(new byte[65536]);
        }

        static void Collect()
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }
    }
}
