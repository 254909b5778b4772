import { describeProvider } from '../../contracts/provider-contract.ts';
import { runpodRig } from '../../contracts/rigs/runpod.ts';

describeProvider(runpodRig);
