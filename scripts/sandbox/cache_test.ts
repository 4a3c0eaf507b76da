import { assertEquals, assertRejects } from "@std/assert";
import { join } from "node:path";
import { Cache, cacheDirectory } from "./cache.ts";
import { MissingError } from "./missing.ts";

async function withCache(body: (cache: Cache) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await body(new Cache(join(folder, "cache")));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

function fillWith(text: string): (directory: string) => Promise<void> {
  return (directory) => Deno.writeTextFile(join(directory, "file"), text);
}

const neverFilled = (): Promise<void> => Promise.reject(new Error("Filled twice"));

Deno.test("cacheDirectory() prefers the own variable, then XDG's, then the home directory", () => {
  const of = (env: Readonly<Record<string, string>>): string => cacheDirectory((name) => env[name]);
  assertEquals(of({ TRAPLINE_CACHE: "/c", XDG_CACHE_HOME: "/x", HOME: "/h" }), "/c");
  assertEquals(of({ XDG_CACHE_HOME: "/x", HOME: "/h" }), "/x/trapline");
  assertEquals(of({ XDG_CACHE_HOME: "relative", HOME: "/h" }), "/h/.cache/trapline");
});

Deno.test("Cache.hold() fills an entry once", async () => {
  await withCache(async (cache) => {
    for (const fill of [fillWith("one"), neverFilled]) {
      using held = await cache.hold("entry", fill);
      assertEquals(await Deno.readTextFile(join(held.path, "file")), "one");
    }
    assertEquals(await cache.list(), [{ name: "entry", bytes: 3 }]);
  });
});

Deno.test("Cache.hold() keeps nothing of a fill that breaks off, and fills again", async () => {
  await withCache(async (cache) => {
    await assertRejects(
      () =>
        cache.hold("entry", async (directory) => {
          await fillWith("half")(directory);
          throw new Error("Broken off");
        }),
      Error,
      "Broken off",
    );
    assertEquals(await cache.list(), []);
    using held = await cache.hold("entry", fillWith("whole"));
    assertEquals(await Deno.readTextFile(join(held.path, "file")), "whole");
  });
});

Deno.test("Cache.hold() lets one of two fill, while the other waits", async () => {
  await withCache(async (cache) => {
    let fills = 0;
    const slowly = async (directory: string): Promise<void> => {
      fills++;
      await new Promise((resolve) => setTimeout(resolve, 20));
      await fillWith("one")(directory);
    };
    const both = await Promise.all([cache.hold("entry", slowly), cache.hold("entry", slowly)]);
    for (const held of both) held[Symbol.dispose]();
    assertEquals(fills, 1);
  });
});

Deno.test("Cache.remove() removes what nobody holds", async () => {
  await withCache(async (cache) => {
    (await cache.hold("free", fillWith("x")))[Symbol.dispose]();
    using _held = await cache.hold("held", fillWith("y"));
    assertEquals(await cache.remove(), ["held"]);
    assertEquals((await cache.list()).map(({ name }) => name), ["held"]);
  });
});

Deno.test("Cache.remove() leaves no locks, nor those of entries that are gone", async () => {
  await withCache(async (cache) => {
    (await cache.hold("entry", fillWith("x")))[Symbol.dispose]();
    await Deno.writeTextFile(join(cache.directory, "gone.using"), "");
    assertEquals(await cache.remove(), []);
    assertEquals([...Deno.readDirSync(cache.directory)], []);
  });
});

Deno.test("Cache.prune() removes what nobody has used for some days", async () => {
  await withCache(async (cache) => {
    const days = (count: number): Date => new Date(Date.now() - count * 24 * 3600 * 1000);
    for (const [name, age] of [["old", 31], ["recent", 29]] as const) {
      (await cache.hold(name, fillWith("x")))[Symbol.dispose]();
      await Deno.utime(join(cache.directory, `${name}.using`), days(age), days(age));
    }
    using _held = await cache.hold("held", fillWith("x"));
    await Deno.utime(join(cache.directory, "held.using"), days(31), days(31));
    await cache.prune(30);
    assertEquals((await cache.list()).map(({ name }) => name), ["held", "recent"]);
    (await cache.hold("recent", neverFilled))[Symbol.dispose]();
  });
});

Deno.test("Cache.hold() gives a whole entry while others remove it", async () => {
  await withCache(async (cache) => {
    const users = async (): Promise<void> => {
      for (let round = 0; round < 20; round++) {
        using held = await cache.hold("entry", fillWith("whole"));
        assertEquals(await Deno.readTextFile(join(held.path, "file")), "whole");
      }
    };
    const remover = async (): Promise<void> => {
      for (let round = 0; round < 60; round++) await cache.remove();
    };
    await Promise.all([users(), remover(), users()]);
  });
});

Deno.test("Cache.hold() gives nothing from where others may write", async () => {
  await withCache(async (cache) => {
    using _ = await cache.hold("entry", fillWith("one"));
    assertEquals(Deno.statSync(cache.directory).mode! & 0o777, 0o700);
    Deno.chmodSync(cache.directory, 0o1777);
    await assertRejects(
      () => cache.hold("entry", neverFilled),
      MissingError,
      `others may write to "${cache.directory}"`,
    );
    assertEquals((await cache.list()).length, 1);
  });
});

const DAMAGES: Readonly<Record<string, (file: string) => Promise<void>>> = {
  "was cut short": (file) => Deno.truncate(file, 1),
  "was changed": async (file) => {
    await Deno.writeTextFile(file, "other");
    await Deno.utime(file, new Date(0), new Date(0));
  },
  "is gone": (file) => Deno.remove(file),
};

for (const [how, damage] of Object.entries(DAMAGES)) {
  Deno.test(`Cache.hold() fills an entry again of which a file ${how}`, async () => {
    await withCache(async (cache) => {
      const { path } = await cache.hold("entry", fillWith("whole")).then((held) => {
        held[Symbol.dispose]();
        return held;
      });
      await damage(join(path, "file"));
      {
        using held = await cache.hold("entry", fillWith("fresh"));
        assertEquals(await Deno.readTextFile(join(held.path, "file")), "fresh");
      }
      using _held = await cache.hold("entry", neverFilled);
    });
  });
}

Deno.test("Cache.hold() keeps an entry whose files were copied, and one without a record", async () => {
  await withCache(async (cache) => {
    const { path } = await cache.hold("entry", fillWith("whole")).then((held) => {
      held[Symbol.dispose]();
      return held;
    });
    await Deno.utime(join(path, "file"), new Date(0), new Date(0));
    (await cache.hold("entry", neverFilled))[Symbol.dispose]();
    await Deno.remove(`${path}.contents`);
    (await cache.hold("entry", neverFilled))[Symbol.dispose]();
    await Deno.truncate(join(path, "file"), 1);
    (await cache.hold("entry", fillWith("again")))[Symbol.dispose]();
  });
});

Deno.test("Cache.hold() leaves a damaged entry to one who uses it, and says so", async () => {
  await withCache(async (cache) => {
    using held = await cache.hold("entry", fillWith("whole"));
    await Deno.truncate(join(held.path, "file"), 1);
    await assertRejects(
      () => cache.hold("entry", neverFilled),
      MissingError,
      "file in it is damaged, and another sandbox uses it; end that one and start again",
    );
  });
});

Deno.test("Cache.prune() leaves what an executable unpacks at the moment", async () => {
  await withCache(async (cache) => {
    const [fresh, old] = ["executable-1.a", "executable-1.b"].map((name) =>
      join(cache.directory, name)
    );
    await Deno.mkdir(fresh!, { recursive: true });
    await Deno.mkdir(old!);
    await Deno.utime(old!, 0, 0);
    await cache.prune(30);
    assertEquals((await cache.list()).map(({ name }) => name), ["executable-1.a"]);
  });
});
