export * from "./kvm/kvm.ts";
export * from "./kvm/abi/mod.ts";
