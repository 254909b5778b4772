import { automatic1111Rig } from '../contracts/rigs/automatic1111.ts';
import { huggingfaceQueueRig, huggingfaceRig } from '../contracts/rigs/huggingface.ts';
import { placeholderRig } from '../contracts/rigs/placeholder.ts';
import { replicateRig } from '../contracts/rigs/replicate.ts';
import { describeProvider } from '../contracts/provider-contract.ts';

describeProvider(huggingfaceRig);
describeProvider(huggingfaceQueueRig);
describeProvider(automatic1111Rig);
describeProvider(replicateRig);
describeProvider(placeholderRig);
