import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { validateWorkflow } from "@action-validator/core";
import { Job } from "kubernetes-models/batch/v1/Job";
import { PersistentVolumeClaim } from "kubernetes-models/v1/PersistentVolumeClaim";
import { Pod } from "kubernetes-models/v1/Pod";
import { parseAllDocuments } from "yaml";
import { ROOT } from "../program.ts";
import { readShard } from "./shard.ts";
import { slowInSandbox, testUnless } from "../../tests/support/test_unless.ts";

const WORKFLOWS = `${ROOT}/.github/workflows`;

/** What validates a kind of object by the schema that Kubernetes publishes, and its type. */
const KUBERNETES = {
  Job: { model: Job, type: "IJob", module: "kubernetes-models/batch/v1/Job" },
  PersistentVolumeClaim: {
    model: PersistentVolumeClaim,
    type: "IPersistentVolumeClaim",
    module: "kubernetes-models/v1/PersistentVolumeClaim",
  },
  Pod: { model: Pod, type: "IPod", module: "kubernetes-models/v1/Pod" },
} as const;

interface Manifest {
  readonly kind: keyof typeof KUBERNETES;
  readonly spec: {
    readonly completions: number;
    readonly template: {
      readonly spec: {
        readonly containers: readonly {
          readonly env: readonly { readonly name: string; readonly value: string }[];
        }[];
      };
    };
  };
}

function documents(text: string): unknown[] {
  return parseAllDocuments(text).map((document) => {
    assertEquals(document.errors, []);
    return document.toJS();
  });
}

/** The objects in the manifest `text`. */
const manifestsIn = (text: string): Manifest[] => documents(text) as Manifest[];

const manifestText = Deno.readTextFileSync(`${ROOT}/scripts/fleet/kubernetes.yaml`);
const manifests = manifestsIn(manifestText);

/** What is wrong with the values of `objects`, by their schemas. */
function wrongValues(objects: readonly Manifest[]): string {
  try {
    for (const object of objects) {
      // What a model takes is of its own type; whether it is, is the question.
      new KUBERNETES[object.kind].model(object as never).validate();
    }
    return "";
  } catch (error) {
    return (error as Error).message;
  }
}

/** Whether `objects` are what their types say, as the compiler sees it: no unknown field either. */
async function typesHold(objects: readonly Manifest[]): Promise<boolean> {
  // Below the repository's root, for its deno.json to name the packages.
  await Deno.mkdir(`${ROOT}/build`, { recursive: true });
  const path = await Deno.makeTempFile({ dir: `${ROOT}/build`, suffix: ".ts" });
  try {
    const lines = objects.flatMap((object, i) => [
      `import type { ${KUBERNETES[object.kind].type} as Kind${i} } from "${
        KUBERNETES[object.kind].module
      }";`,
      `export const object${i}: Kind${i} = ${JSON.stringify(object)};`,
    ]);
    await Deno.writeTextFile(path, lines.join("\n"));
    const { success } = await new Deno.Command(Deno.execPath(), {
      args: ["check", "--quiet", path],
      stdout: "null",
      stderr: "null",
    }).output();
    return success;
  } finally {
    await Deno.remove(path);
  }
}

for (const { name } of Deno.readDirSync(WORKFLOWS)) {
  Deno.test(`${name} is a workflow by the schema of GitHub Actions`, () => {
    const text = Deno.readTextFileSync(`${WORKFLOWS}/${name}`);
    assertEquals(validateWorkflow(text).errors, []);
    const misspelt = validateWorkflow(text.replace("runs-on:", "run-on:"));
    assert(misspelt.errors.length > 0);
  });

  Deno.test(`${name} and its shell call tasks that there are`, () => {
    const { tasks } = JSON.parse(Deno.readTextFileSync(`${ROOT}/deno.json`));
    const text = Deno.readTextFileSync(`${WORKFLOWS}/${name}`);
    const called = [...text.matchAll(/deno task ([\w-]+)/g)].map(([, task]) => task!);
    assert(called.length > 0);
    assertEquals(called.filter((task) => !(task in tasks)), []);
  });
}

Deno.test("fleet.yml gives each shard its number as verify reads it", () => {
  const [{ jobs }] = documents(Deno.readTextFileSync(`${WORKFLOWS}/fleet.yml`)) as [
    {
      jobs: {
        verify: {
          strategy: { matrix: Record<string, readonly number[]> };
          env: Record<string, string>;
        };
      };
    },
  ];
  const { strategy: { matrix }, env } = jobs.verify;
  // A second dimension would count its jobs too.
  assertEquals(Object.keys(matrix), ["shard"]);
  matrix.shard!.forEach((shard, index) => {
    const context: Record<string, number> = {
      "${{ strategy.job-total }}": matrix.shard!.length,
      "${{ strategy.job-index }}": index,
    };
    const read = readShard(undefined, (name) => env[name] && String(context[env[name]]));
    assertEquals(read, { index: shard, total: matrix.shard!.length });
  });
});

Deno.test("kubernetes.yaml gives each pod its shard as verify reads it", () => {
  const job = manifests.find(({ kind }) => kind === "Job")!;
  const { completions, template } = job.spec;
  const env = new Map(template.spec.containers[0]!.env.map(({ name, value }) => [name, value]));
  for (let index = 0; index < completions; index++) {
    const pod = new Map([...env, ["JOB_COMPLETION_INDEX", String(index)]]);
    assertEquals(readShard(undefined, (name) => pod.get(name)), {
      index: index + 1,
      total: completions,
    });
  }
  assertStringIncludes(manifestText, "devices.kubevirt.io/kvm");
});

Deno.test("kubernetes.yaml is valid by the schemas that Kubernetes publishes", () => {
  assertEquals(wrongValues(manifests), "");
  const slips = {
    "completionMode: Indexed": ["completionMode: Idexed", "spec/completionMode must be equal"],
    "restartPolicy: Never": ["restartPolicy: Nevr", "spec/restartPolicy must be equal"],
    "memory: 2Gi": ["memory: two", "requests/memory must match format"],
    "storage: 1Gi": ["storage: 1 Gi", "requests/storage must match format"],
    "completions: 8": ["completions: eight", "spec/completions must be integer"],
  } as const;
  for (const [right, [wrong, complaint]] of Object.entries(slips)) {
    const text = manifestText.replace(right, wrong);
    assertStringIncludes(wrongValues(manifestsIn(text)), complaint);
  }
});

testUnless(
  // The types would be checked by the compiler on an emulated processor.
  slowInSandbox(),
  "kubernetes.yaml is of the types that Kubernetes publishes, with no field they lack",
  async () => {
    assert(await typesHold(manifests));
    const [claim, job] = manifests;
    const misspelt = { ...job!.spec, completion: 8 };
    assert(!await typesHold([claim!, { ...job!, spec: misspelt }]));
  },
);
