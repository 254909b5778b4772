import { describeProvider } from '../../contracts/provider-contract.ts';
import { localaiRig } from '../../contracts/rigs/localai.ts';

describeProvider(localaiRig);
